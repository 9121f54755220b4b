/** One frame. Source: RFC 9113, 4.1. */
export const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

export const frames = { data: 0, headers: 1, reset: 3, settings: 4 } as const;
export const endHeaders = 4;
export const endStream = 1;
export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Fields written out, unindexed and plain. Source: RFC 7541, 6.2.2. */
export const fieldsOf = (entries: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(
    entries.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
