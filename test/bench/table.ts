/** Tables as text and as Markdown. */

export type Table = {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of text, which come first; 1 unless said. Others are numbers. */
  readonly texts?: number;
};

/** A number with so many decimals, or a dash where there is none. */
export const number = (value: number, decimals = 0): string =>
  Number.isFinite(value) ? value.toFixed(decimals) : "-";

/** Three digits, for figures of any size. */
export const digits = (value: number): string => {
  if (!Number.isFinite(value)) return "-";
  const whole = Math.floor(Math.log10(Math.max(1, Math.abs(value)))) + 1;
  return value.toFixed(Math.max(0, Math.min(2, 3 - whole)));
};

/** A title with real arrows, where there are letters for them. */
export const arrows = (title: string): string => title.replaceAll("->", "→");

export const percent = (share: number): string => number(share * 100);

/** Aligned columns: texts to the left, numbers to the right. */
export const textTable = ({ head, rows, texts = 1 }: Table): string => {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((cells) => cells[i]?.length ?? 0)));
  return all
    .map((cells) =>
      cells
        .map((cell, i) => (i < texts ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

export const markdownTable = ({ head, rows, texts = 1 }: Table): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, i) => (i < texts ? "---" : "--:"))),
    ...rows.map(line),
  ].join("\n");
};
