/**
 * Finds or builds the programs of a Kubernetes control plane, and gets the CRDs of add-ons, for the
 * tests of this folder:
 *
 *     node test/cluster/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { addonNames, prepareAddon } from "./addons.ts";
import { programs } from "./binaries.ts";
import { prepareProgram } from "./build.ts";
import { prepareHelm } from "./helm.ts";

// biome-ignore lint/style/noProcessEnv: the door of this command
const env = process.env;

const say = (line: string): void => {
  process.stdout.write(`cluster: ${line}\n`);
};

try {
  // One after the other: each build uses all cores, and what the next one shares with it.
  for (const program of programs) say(`${program}: ${await prepareProgram(program, env, say)}`);
  say(`helm: ${await prepareHelm(env, say)}`);
  for (const addon of addonNames) say(`${addon}: ${await prepareAddon(addon, env, say)}`);
} catch (error) {
  process.stderr.write(`cluster: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
