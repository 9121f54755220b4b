import type { Settings } from "../settings.ts";
import type { Protocol, Transport } from "../types.ts";
import type { Ports } from "./ports.ts";

/** What the defaults of one part must know about the whole. */
export type Context = {
  /** The deployment's name. */
  readonly deployment: string;
  readonly namespace: string;
  readonly protocol: Protocol;
  readonly transport: Transport;
  readonly isEngineSeparate: boolean;
  readonly settings: Settings;
  readonly ports: Ports;
};
