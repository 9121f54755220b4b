/** A count of bytes in a header; undefined if it is absent or no such thing. */
export const readCount = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/**
 * Whether a value of `Seldon-Skip-Logging` asks for no logging; any of several may.
 * Source: engine contract, 7.5.
 */
export const skipsLogging = (value: string): boolean =>
  value.split(",").some((one) => /^\s*(?:true|on|1)\s*$/i.test(one));
