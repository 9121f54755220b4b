/** A count of bytes in a header; undefined if it is absent or no such thing. */
export const readCount = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
