/** The node that all test files of a run share; jest starts it before them. */
import { basename } from "node:path";
import { openCluster } from "../../cluster/support/cluster.ts";
import { findNodePrograms } from "../environment/programs.ts";
import { loadImages } from "./containerd.ts";
import { installDns } from "./dns.ts";
import { placeVariable } from "./enclosure.ts";
import { buildAll } from "./images.ts";
import { installIngress } from "./ingress.ts";
import { type Node, type NodeSite, openNode, startNode } from "./node.ts";

const variable = "ESPALIER_TEST_NODE";

// biome-ignore lint/style/noProcessEnv: how the one who encloses passes words, and jest to its tests
const env = process.env;

const say = (line: string): void => {
  process.stdout.write(`node: ${line}\n`);
};

/** @throws {Error} outside of an enclosure. */
export const startShared = async (): Promise<() => Promise<void>> => {
  const folder = env[placeVariable];
  if (folder === undefined) throw new Error("there is no node here: use npm run test:node");
  const began = Date.now();
  const since = (): string => `${((Date.now() - began) / 1000).toFixed(0)} s`;
  const [started, images] = await Promise.all([
    startNode({ folder, cgroup: basename(folder) }, env),
    buildAll(folder, findNodePrograms(env)),
  ]);
  say(`ready, and images built, after ${since()}`);
  const { packages, socket } = started.site;
  await loadImages(packages, socket, images);
  const cluster = openCluster(started.site);
  try {
    await installDns(cluster.api);
    const site: NodeSite = { ...started.site, images, ingress: await installIngress(cluster) };
    env[variable] = JSON.stringify(site);
  } finally {
    cluster.close();
  }
  say(`images loaded, names and routes served after ${since()}`);
  return started.stop;
};

/** Opens connections of its own, which the test closes. Use namespaces of your own. */
export const sharedNode = (): Node => {
  const site: NodeSite | null = JSON.parse(env[variable] ?? "null");
  if (site === null) throw new Error("no node was started: use npm run test:node");
  return openNode(site);
};
