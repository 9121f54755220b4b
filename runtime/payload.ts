/** A message on its way through the graph: bytes, and what they claim to be. Never parsed unless a node must look inside. */
export type Payload = {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
};
