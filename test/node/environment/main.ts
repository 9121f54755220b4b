/**
 * Finds, builds or downloads all that the tests of this folder need:
 *
 *     node test/node/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { prepareAddon } from "../../cluster/environment/addons.ts";
import { programs as clusterPrograms } from "../../cluster/environment/binaries.ts";
import { prepareProgram } from "../../cluster/environment/build.ts";
import { prepareHelm } from "../../cluster/environment/helm.ts";
import { obstacles } from "./machine.ts";
import { preparePackages } from "./packages.ts";
import { prepareNodeProgram, programs } from "./programs.ts";

// biome-ignore lint/style/noProcessEnv: the door of this command
const env = process.env;

const say = (line: string): void => {
  process.stdout.write(`node: ${line}\n`);
};

try {
  const found = obstacles();
  if (found.length > 0) {
    throw new Error(
      `${found.join("; ")}. Run this in a virtual machine of your own, or leave it to CI; ` +
        "npm run test:cluster needs none of it",
    );
  }
  say(`packages: ${(await preparePackages(env, say)).bin}`);
  // One after the other: each build uses all cores, and what the next one shares with it.
  for (const one of clusterPrograms) say(`${one}: ${await prepareProgram(one, env, say)}`);
  say(`gateway-api: ${await prepareAddon("gateway-api", env, say)}`);
  say(`helm: ${await prepareHelm(env, say)}`);
  for (const one of programs) say(`${one}: ${await prepareNodeProgram(one, env, say)}`);
} catch (error) {
  process.stderr.write(`node: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
