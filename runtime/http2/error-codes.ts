/** Source: RFC 9113, 7. */
export const errorCodes = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

export type ErrorName = keyof typeof errorCodes;

const names = Object.keys(errorCodes);

/** For texts: the name of a code, or its number when it has none. */
export const errorName = (code: number): string => names[code] ?? `0x${code.toString(16)}`;

/** A fault of the peer's that ends the whole connection; caught where its bytes are read. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(name: ErrorName, reason: string) {
    super(reason);
    this.name = "Http2Error";
    this.code = errorCodes[name];
  }
}
