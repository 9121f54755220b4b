/** The figures as a drawing: bars of CPU time as shares of best-practice Go's, on light and on dark. */
import type { Case } from "./cases.ts";
import { engineName } from "./engine.ts";
import { type Denominator, findLine, type Report } from "./summary.ts";
import { digits, number } from "./table.ts";

/** What every bar is a share of, unless it was not measured. */
const scales = ["go", "nginx"] as const satisfies readonly Denominator[];

const variants = [engineName, "nginx", "haproxy", "go", "go-bytes"];

type Bar = { readonly variant: string; readonly share: number; readonly micros: number };
type Group = { readonly title: string; readonly bars: readonly Bar[] };

const width = 760;
const left = 92;
const right = 132;
const barHeight = 15;
const groupGap = 30;
const top = 84;
/** Longer bars are cut, and say so. */
const mostShare = 2;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .case { font-weight: 600 }
  .quiet { fill: #59636e }
  .back { fill: #ffffff }
  .line { stroke: #c8d1da }
  .other { fill: #a9b4c0 }
  .engine { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .back { fill: #0d1117 }
    .line { stroke: #3d444d }
    .other { fill: #656c76 }
    .engine { fill: #2ea043 }
  }
`;

const groupsOf = (report: Report, scale: Denominator): readonly Group[] =>
  report.cases
    .filter((one) => one.nodes > 0)
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
export const renderSvg = (report: Report): string | undefined => {
  const scale = scales.find((one) => groupsOf(report, one).length > 0);
  if (scale === undefined) return undefined;
  const groups = groupsOf(report, scale);
  const shares = groups.flatMap(({ bars }) => bars.map(({ share }) => share));
  const most = Math.min(mostShare, Math.max(1, ...shares));
  const perShare = (width - left - right) / most;
  const parts: string[] = [];
  let y = top;
  for (const { title, bars } of groups) {
    parts.push(text({ x: 12, y, className: "case" }, title));
    for (const bar of bars) {
      y += barHeight + 3;
      parts.push(...drawBar(bar, y, { perShare, most }));
    }
    y += groupGap;
  }
  const height = y;
  const one = left + perShare;
  const name = scale === "go" ? "a best-practice proxy in Go" : scale;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="CPU time per request">`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    text({ x: 12, y: 28, className: "title" }, "CPU time per request; less is better"),
    text(
      { x: 12, y: 48, className: "quiet" },
      `As a share of that of ${name} (the line); in µs beside the bars. ${report.setting.date.slice(0, 10)}`,
    ),
    `<line class="line" x1="${one}" x2="${one}" y1="${top - 14}" y2="${height - groupGap + 8}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
};

const drawBar = (
  { variant, share, micros }: Bar,
  y: number,
  { perShare, most }: { readonly perShare: number; readonly most: number },
): readonly string[] => {
  const length = perShare * Math.min(share, most);
  const className = variant === engineName ? "engine" : "other";
  const cut = share > most ? " →" : "";
  const figures = `${number(share, 2)}${cut} · ${digits(micros)} µs`;
  return [
    text({ x: left - 8, y, anchor: "end" }, variant),
    `<rect class="${className}" x="${left}" y="${y - barHeight + 4}" width="${number(length, 1)}" height="${barHeight}" rx="2"/>`,
    text({ x: left + length + 6, y, className: "quiet" }, figures),
  ];
};

type Place = {
  readonly x: number;
  readonly y: number;
  readonly className?: string;
  readonly anchor?: "end";
};

const text = ({ x, y, className, anchor }: Place, content: string): string => {
  const attributes = [
    `x="${number(x, 1)}"`,
    `y="${y}"`,
    ...(className === undefined ? [] : [`class="${className}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  return `<text ${attributes.join(" ")}>${escaped(content)}</text>`;
};
