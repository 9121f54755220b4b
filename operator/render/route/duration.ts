const units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** A time as the Gateway API writes it: `1m30s500ms`. Source: Gateway API, GEP-2257. */
export const duration = (timeMs: number): string => {
  const parts = units.map(([unit, sizeMs], i) => {
    const above = units[i - 1]?.[1] ?? Number.POSITIVE_INFINITY;
    return [Math.floor((timeMs % above) / sizeMs), unit] as const;
  });
  const text = parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join("");
  return text || "0s";
};
