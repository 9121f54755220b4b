/** The node that all test files of a run share; jest starts it before them. */
import { basename } from "node:path";
import { placeVariable } from "./enclosure.ts";
import { type Node, startNode } from "./node.ts";

// biome-ignore lint/style/noProcessEnv: how the one who encloses passes words
const env = process.env;

/** @throws {Error} outside of an enclosure. */
export const startShared = (): Promise<Node> => {
  const folder = env[placeVariable];
  if (folder === undefined) throw new Error("there is no node here: use npm run test:node");
  return startNode({ folder, cgroup: basename(folder) }, env);
};
