/**
 * A message on its way through the graph: bytes, and what they claim to be. Never parsed unless a
 * node must look inside.
 */
export type Payload = {
  readonly body: Buffer;
  /** Over REST: the media type. */
  readonly contentType: string | undefined;
  /** Over REST: the coding, `gzip` for example. */
  readonly contentEncoding: string | undefined;
  /**
   * Over REST, protocol `v2`: how many bytes at the start are JSON when binary tensors follow.
   * Source: Open Inference Protocol, binary tensor data extension (`Inference-Header-Content-Length`).
   */
  readonly jsonBytes?: number;
  /** Over gRPC: the full name of the message, `seldon.protos.SeldonMessage` for example. */
  readonly message?: string;
};
