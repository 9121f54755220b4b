/** What the processes of one engine say to each other. */
import type { Scrape } from "../metrics.ts";

export type Ports = { readonly httpPort: number; readonly grpcPort: number };

/** Why a process does not serve. */
export type Refusal = { readonly faults: readonly string[]; readonly exitCode: number };

export type FromWorker =
  | ({ readonly is: "started" } & Ports)
  | ({ readonly is: "refused" } & Refusal)
  /** Somebody asks for the metrics of all. */
  | { readonly is: "scrape"; readonly id: number }
  | { readonly is: "collected"; readonly id: number; readonly scrape: Scrape };

export type ToWorker =
  | { readonly is: "collect"; readonly id: number }
  | { readonly is: "scraped"; readonly id: number; readonly text: string }
  | { readonly is: "stop"; readonly why: StopReason };

/** One that is replaced stops soon, since others serve on; in a shutdown, after its delay. */
export type StopReason = "replaced" | "shutdown";
