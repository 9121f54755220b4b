/**
 * Installs what the tests of this folder run against, unless it is there:
 *
 *     node test/interop/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { installations } from "./programs.ts";

// biome-ignore lint/style/noProcessEnv: the door of this command
const env = process.env;

const say = (line: string): void => {
  process.stdout.write(`interop: ${line}\n`);
};

for (const [name, prepare] of Object.entries(installations)) {
  try {
    say(`${name}: ${await prepare(env, say)}`);
  } catch (error) {
    process.stderr.write(`interop: ${name}: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
