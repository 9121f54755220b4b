/** What is compared: our engine, plain proxies of the same machine, and no proxy at all. */
import type { Case } from "./cases.ts";
import type { FromStub } from "./messages.ts";
import { nodePorts } from "./plans.ts";
import type { Launch } from "./processes.ts";

/** A kind of process that can be put before the stub. */
export type Variant = {
  readonly name: string;
  readonly version: string;
  /** Where it says that it lives, besides answering predictions. */
  readonly livePath?: string;
  serves(one: Case): boolean;
  /** How to start it for a case, and the port it will listen on. */
  prepare(one: Case, stub: FromStub): Promise<Prepared>;
};

export type Prepared = {
  readonly port: number;
  /** Undefined where nothing is started. */
  readonly launch: Bare | undefined;
  /** It answers by itself, not what the stub does. */
  readonly ownAnswer?: boolean;
};

type Bare = Pick<Launch, "name" | "command" | "env">;

export type VariantOptions = {
  readonly env: NodeJS.ProcessEnv;
  /** A folder of the run's own, for configurations. */
  readonly folder: string;
  /** Where the engine shall write CPU profiles, if it shall. */
  readonly profiles: string | undefined;
};

export const referenceNames = ["nginx", "haproxy", "go", "go-bytes"] as const;
export type ReferenceName = (typeof referenceNames)[number];

export const directName = "direct";

/** The load generator at the stub: what both cost, and what a proxy adds to. */
export const direct: Variant = {
  name: directName,
  version: "direct: no proxy between load generator and stub",
  serves: ({ nodes }) => nodes > 0,
  prepare: async (one, stub) => ({ port: nodePorts(one, stub).at(-1) ?? 0, launch: undefined }),
};
