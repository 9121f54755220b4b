/**
 * Finds or gets a Redis server for the tests of this folder:
 *
 *     node test/redis/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { prepareServer } from "./server.ts";

const say = (line: string): void => {
  process.stdout.write(`redis: ${line}\n`);
};

try {
  // biome-ignore lint/style/noProcessEnv: the door of this command
  say(await prepareServer(process.env, say));
} catch (error) {
  process.stderr.write(`redis: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
