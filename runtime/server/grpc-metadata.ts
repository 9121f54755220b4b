import { randomUUID } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";

/** Entries that belong to the client's connection or message. Source: docs/decisions/0004-headers-to-nodes.md. */
const ofConnection = new Set([
  "content-type",
  "content-length",
  "host",
  "te",
  "trailer",
  "user-agent",
]);

/** Source: engine contract, 4.4. */
const isReserved = (key: string): boolean => key.startsWith("grpc-") || ofConnection.has(key);

/** The request id, made if the client sent none, and the entries that every node shall see. */
export const readMetadata = (
  metadata: Metadata,
): { readonly id: string; readonly forwarded: Metadata } => {
  const forwarded = metadata.clone();
  for (const key of Object.keys(metadata.getMap())) if (isReserved(key)) forwarded.remove(key);
  const [given] = metadata.get("seldon-puid");
  const id = typeof given === "string" && given !== "" ? given : randomUUID();
  if (id !== given) forwarded.set("seldon-puid", id);
  return { id, forwarded };
};
