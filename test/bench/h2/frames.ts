/** Frames of HTTP/2: read out of what a connection brings. Source: RFC 9113, sections 4 and 6. */

export const types = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const headBytes = 9;
/** Nobody here announces that it takes larger ones. */
export const largestPayload = 16_384;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** One object for all frames of a reader: valid until the next one. */
export type Frame = {
  type: number;
  flags: number;
  stream: number;
  /** The payload is `bytes` from `from` to `to`; padding and priority are left out. */
  bytes: Buffer;
  from: number;
  to: number;
  /** Of the payload as it came, with padding: what flow control counts. */
  length: number;
};

/** Writes the nine bytes before a payload. */
export const writeHead = (
  into: Buffer,
  at: number,
  { length, type, flags, stream }: Pick<Frame, "length" | "type" | "flags" | "stream">,
): void => {
  into.writeUIntBE(length, at, 3);
  into[at + 3] = type;
  into[at + 4] = flags;
  into.writeUInt32BE(stream, at + 5);
};

export const frameOf = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const whole = Buffer.alloc(headBytes + payload.length);
  writeHead(whole, 0, { length: payload.length, type, flags, stream });
  payload.copy(whole, headBytes);
  return whole;
};

/** Source: RFC 9113, 6.1 and 6.2. */
const strip = (frame: Frame): void => {
  if (frame.type !== types.data && frame.type !== types.headers) return;
  if ((frame.flags & flag.padded) !== 0) {
    frame.to -= frame.bytes[frame.from] ?? 0;
    frame.from += 1;
  }
  if (frame.type === types.headers && (frame.flags & flag.priority) !== 0) frame.from += 5;
  if (frame.from > frame.to) throw new Error("padding is longer than its frame");
};

/**
 * Takes bytes as they come, and calls `onFrame` for each frame that is whole. Data without padding
 * is not waited for: a frame of it may come in parts, of which only the last has its flags. Bytes
 * are not kept beyond the call.
 *
 * @throws {Error} when a frame is larger than allowed.
 */
export const makeFrameReader = (onFrame: (frame: Frame) => void): ((bytes: Buffer) => void) => {
  let rest: Buffer | undefined; // the beginning of a frame that is not whole
  let missing = 0; // bytes of data that are still to come of a frame whose head was read
  const frame: Frame = {
    type: 0,
    flags: 0,
    stream: 0,
    bytes: Buffer.alloc(0),
    from: 0,
    to: 0,
    length: 0,
  };
  let flags = 0;

  /** Passes on what has come of a frame of data; answers where it ends. */
  const part = (bytes: Buffer, at: number): number => {
    const length = Math.min(missing, bytes.length - at);
    missing -= length;
    frame.bytes = bytes;
    frame.from = at;
    frame.to = at + length;
    frame.length = length;
    frame.flags = missing === 0 ? flags : 0;
    onFrame(frame);
    return frame.to;
  };

  /** Reads a frame; answers where it ends, or -1 if it is not whole. */
  const next = (bytes: Buffer, at: number): number => {
    if (bytes.length - at < headBytes) return -1;
    const length = bytes.readUIntBE(at, 3);
    if (length > largestPayload) throw new Error(`a frame of ${length} bytes`);
    const end = at + headBytes + length;
    const type = bytes[at + 3] ?? 0;
    flags = bytes[at + 4] ?? 0;
    const inParts = type === types.data && (flags & flag.padded) === 0;
    if (end > bytes.length && !inParts) return -1;
    frame.type = type;
    frame.stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (inParts) {
      missing = length;
      return part(bytes, at + headBytes);
    }
    frame.flags = flags;
    frame.bytes = bytes;
    frame.from = at + headBytes;
    frame.to = end;
    frame.length = length;
    strip(frame);
    onFrame(frame);
    return end;
  };

  return (come) => {
    const bytes = rest === undefined ? come : Buffer.concat([rest, come]);
    rest = undefined;
    let at = missing > 0 ? part(bytes, 0) : 0;
    while (at < bytes.length) {
      const end = next(bytes, at);
      if (end < 0) break;
      at = end;
    }
    if (at < bytes.length) rest = Buffer.from(bytes.subarray(at));
  };
};
