import type { Env } from "../../peers/environment/cache.ts";
import { type Addon, addonFiles } from "./addons.ts";
import { type Binaries, findBinaries } from "./binaries.ts";

/** What main.ts has prepared. */
export type Installed = {
  readonly binaries: Binaries;
  /** Files of CRDs. */
  readonly addons: Readonly<Record<Addon, readonly string[]>>;
};

/** @throws {Error} when something is not there. */
export const findInstalled = (env: Env): Installed => ({
  binaries: findBinaries(env),
  addons: {
    "gateway-api": addonFiles("gateway-api", env),
    istio: addonFiles("istio", env),
    keda: addonFiles("keda", env),
    emissary: addonFiles("emissary", env),
  },
});
