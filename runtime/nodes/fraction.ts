/**
 * A text as a number in [0, 1): evenly spread, and the same everywhere and for ever.
 *
 * Source: the hash FNV-1a (RFC 9923), then the finaliser of MurmurHash3, which spreads its bits.
 */
export const fraction = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};
