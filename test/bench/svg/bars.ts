/** Bars of CPU time per request, as shares of what a reference costs. */
import type { Case } from "../cases.ts";
import { engineName } from "../engine.ts";
import { type Denominator, findLine, type Report } from "../summary.ts";
import { arrows, digits, number } from "../table.ts";
import { text, width } from "./frame.ts";

/** What every bar is a share of: the first that was measured. */
const scales = ["go", "nginx"] as const satisfies readonly Denominator[];

const variants = [engineName, "nginx", "haproxy", "go", "go-bytes"];
export const classOf = (variant: string): string => {
  if (variant === engineName) return "engine";
  return variant === "go" ? "go" : "other";
};

type Bar = { readonly variant: string; readonly share: number; readonly micros: number };
type Group = { readonly title: string; readonly bars: readonly Bar[] };

export type Drawn = { readonly parts: readonly string[]; readonly height: number };

const left = 92;
const right = 132;
const barHeight = 15;
const groupGap = 30;
const top = 84;
/** Longer bars are cut, and say so. */
const mostShare = 2;

const groupsOf = (report: Report, scale: Denominator): readonly Group[] =>
  report.cases
    .filter(({ nodes, id }) => nodes > 0 && !/^(body|connections)-/.test(id)) // those are drawn as curves
    .map((one) => ({ title: one.title, bars: barsOf(report, one, scale) }))
    .filter(({ bars }) => bars.length > 0);

const barsOf = (report: Report, { id, nodes }: Case, scale: Denominator): readonly Bar[] =>
  variants.flatMap((variant) => {
    const line = findLine(report, { id, mode: "saturated", variant });
    const share = line?.ratios[scale] ?? Number.NaN;
    const isHop = nodes > 1 && !["go", engineName].includes(variant); // a proxy makes one call, not all
    if (line === undefined || !Number.isFinite(share) || isHop) return [];
    return [{ variant, share, micros: line.cpuMicros }];
  });

/** Undefined if nothing was measured that can be compared. */
export const drawBars = (report: Report): Drawn | undefined => {
  const scale = scales.find((one) => groupsOf(report, one).length > 0);
  if (scale === undefined) return undefined;
  const groups = groupsOf(report, scale);
  const shares = groups.flatMap(({ bars }) => bars.map(({ share }) => share));
  const most = Math.min(mostShare, Math.max(1, ...shares));
  const perShare = (width - left - right) / most;
  const bars: string[] = [];
  let y = top;
  for (const group of groups) {
    bars.push(text({ x: 12, y, className: "case" }, arrows(group.title)));
    for (const bar of group.bars) {
      y += barHeight + 3;
      bars.push(...drawBar(bar, y, { perShare, most }));
    }
    y += groupGap;
  }
  const whole = left + perShare;
  const name = scale === "go" ? "a best-practice proxy in Go" : scale;
  const about = `As a share of that of ${name} (the line); in µs beside the bars. ${report.setting.date.slice(0, 10)}`;
  return {
    height: y,
    parts: [
      text({ x: 12, y: 28, className: "title" }, "CPU time per request; less is better"),
      text({ x: 12, y: 48, className: "quiet" }, about),
      `<path class="line" d="M${number(whole, 1)} ${top - 14}V${y - groupGap + 8}"/>`,
      ...bars,
    ],
  };
};

const drawBar = (
  { variant, share, micros }: Bar,
  y: number,
  { perShare, most }: { readonly perShare: number; readonly most: number },
): readonly string[] => {
  const length = perShare * Math.min(share, most);
  const cut = share > most ? " →" : "";
  const figures = `${number(share, 2)}${cut} · ${digits(micros)} µs`;
  return [
    text({ x: left - 8, y, anchor: "end" }, variant),
    `<rect class="${classOf(variant)}" x="${left}" y="${y - barHeight + 4}" width="${number(length, 1)}" height="${barHeight}" rx="2"/>`,
    text({ x: left + length + 6, y, className: "quiet" }, figures),
  ];
};
