/** The deadline of a call as gRPC writes it: what is left of it. Source: gRPC over HTTP/2, Timeout. */

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** In milliseconds; undefined if it is no such thing. */
export const readTimeout = (text: string): number | undefined => {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unitMs[unit ?? ""] ?? 0);
};

/** Eight digits are the most there may be. */
const mostOfUnit = 99_999_999;

export const writeTimeout = (ms: number): string => {
  const whole = Math.max(1, Math.ceil(ms));
  if (whole <= mostOfUnit) return `${whole}m`;
  return `${Math.min(mostOfUnit, Math.ceil(whole / 1000))}S`;
};
