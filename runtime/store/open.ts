/** The state store that an engine is told to use: in memory, in a file, or shared in Redis or Valkey. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import { makeMemoryStore } from "../nodes/store/memory.ts";
import { readAddress } from "./address.ts";
import type { OpenState } from "./state.ts";

export type StateOptions = {
  /** The flags of an engine. */
  readonly flags: {
    readonly namespace: string;
    readonly sdep: string;
    readonly predictor: string;
    readonly state_store: string;
    readonly state_dir: string;
  };
  readonly registry: Registry;
  readonly log: Logger;
};

/** What a process that is killed loses at most. */
const snapshotEveryMs = 5_000;

/** The word for a state that ends with the process. */
const off = "off";

/** What is wrong with the flags. */
export const stateFaults = ({ state_store: store }: StateOptions["flags"]): readonly string[] => {
  const read = store === "" ? undefined : readAddress(store);
  return read === undefined || read.ok ? [] : [`--state_store ${read.fault}`];
};

export const openState = async ({ flags, registry, log }: StateOptions): Promise<OpenState> => {
  const owner = [flags.namespace, flags.sdep, flags.predictor];
  const means = { registry, log, now: Date.now };
  if (flags.state_store !== "") {
    const read = readAddress(flags.state_store);
    if (!read.ok) throw new Error(`--state_store ${read.fault}`);
    const { makeRedisStore } = await import("./redis-store.ts"); // its client costs 100 ms at start
    return makeRedisStore({ ...means, address: read.address, owner });
  }
  if (flags.state_dir === off) {
    return { store: makeMemoryStore(Date.now), close: async () => {} };
  }
  const base = flags.state_dir || join(tmpdir(), `espalier-state-${process.getuid?.() ?? 0}`);
  const folder = join(base, ...owner.map(asFolder));
  const { makeFileStore } = await import("./file-store.ts");
  return makeFileStore({
    ...means,
    folder,
    everyMs: snapshotEveryMs,
    ownFolder: flags.state_dir === "" ? base : undefined,
  });
};

/** One level of a path, whatever the name. */
const asFolder = (name: string): string => encodeURIComponent(name).replaceAll(".", "%2E") || "%";
