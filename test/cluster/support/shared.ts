/** The control plane that all test files of a run share; jest starts it before them. */
import { findInstalled } from "../environment/installed.ts";
import { type Cluster, openCluster, type Site } from "./cluster.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

const variable = "ESPALIER_TEST_CLUSTER";

// biome-ignore lint/style/noProcessEnv: how jest passes words to its tests
const env = process.env;

export const startShared = async (): Promise<ControlPlane> => {
  const plane = await startControlPlane(findInstalled(env));
  env[variable] = JSON.stringify(plane.site);
  return plane;
};

/** Opens connections of its own, which the test closes. Use namespaces of your own. */
export const sharedCluster = (): Cluster => {
  const site: Site = JSON.parse(env[variable] ?? "null");
  if (site === null) throw new Error("no control plane was started: use npm run test:cluster");
  return openCluster(site);
};

/** A control plane of a test's own, to pause or kill; the test stops it. */
export const startOwn = (): Promise<ControlPlane> => startControlPlane(findInstalled(env));
