/**
 * Runs the tests of this folder on a node of their own:
 *
 *     node test/node/main.ts [arguments of Jest]
 *
 * The node is enclosed in namespaces: its network leads nowhere, its mounts are seen by nobody, and
 * when the first of its processes ends the kernel ends them all. What no namespace holds, cgroups
 * and files, is removed afterwards; the exit code is 1 if anything is left, or a test has failed.
 */
import { enclose } from "./support/enclosure.ts";

// biome-ignore lint/style/noProcessEnv: the door of this command
process.exitCode = await enclose(process.argv.slice(2), process.env);
