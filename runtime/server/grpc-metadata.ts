import { randomUUID } from "node:crypto";
import type { Fields } from "../http2/types.ts";
import type { Head } from "./grpc-head.ts";

/** What a call says of itself, beyond what belongs to gRPC. */
export type Metadata = {
  /** As the client gave it; undefined if it gave none. */
  readonly id: string | undefined;
  /** Entries that every node shall see, without the id if the client gave none. */
  readonly forwarded: Fields;
};

/** Entries that belong to the client's connection or message. Source: docs/decisions/0004-headers-to-nodes.md. */
const ofConnection = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "te",
  "trailer",
  "user-agent",
]);

/** Source: engine contract, 4.4; gRPC over HTTP/2, Custom-Metadata. */
const isForwarded = (name: string): boolean =>
  /^[0-9a-z_.-]+$/.test(name) && !name.startsWith("grpc-") && !ofConnection.has(name);

/** What HTTP/2 lets pass and gRPC does not is left out: a node would refuse the call for it. */
const isLegal = (name: string, value: string): boolean =>
  name.endsWith("-bin") ? /^[A-Za-z0-9+/=, ]*$/.test(value) : /^[ -~]*$/.test(value);

/** The request id, made if the client sent none, and the entries that every node shall see. */
export const readMetadata = (head: Head): { readonly id: string; readonly forwarded: Fields } => {
  head.metadata ??= metadataIn(head.fields);
  const { id: given, forwarded } = head.metadata;
  if (given !== undefined) return { id: given, forwarded };
  const id = randomUUID();
  return { id, forwarded: [...forwarded, "seldon-puid", id] };
};

const metadataIn = (fields: Fields): Metadata => {
  let id: string | undefined;
  const forwarded: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    if (!isForwarded(name) || !isLegal(name, value)) continue;
    if (name === "seldon-puid") {
      if (value === "") continue;
      id ??= value;
    }
    forwarded.push(name, value);
  }
  return { id, forwarded };
};
