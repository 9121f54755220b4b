/** Curves of CPU time per request over nodes, body and connections. */
import { type Case, connections, smallRequestBytes } from "../cases.ts";
import { engineName } from "../engine.ts";
import { findLine, type Report } from "../summary.ts";
import { digits, number } from "../table.ts";
import { classOf, type Drawn } from "./bars.ts";
import { text, width } from "./frame.ts";

type Plot = {
  readonly title: string;
  readonly variants: readonly string[];
  /** Undefined where a case is no point of it. */
  readonly at: (one: Case) => number | undefined;
  readonly label: (x: number) => string;
  /** Places are by the powers of x, or of both. */
  readonly logarithmic: { readonly x: boolean; readonly y: boolean };
};

const isSmall = ({ transport, answer, inner }: Case): boolean =>
  transport === "rest" && answer === "small" && inner === "small";
const isBody = ({ requestBytes }: Case): boolean => requestBytes === smallRequestBytes;
const isLoad = (one: Case): boolean => one.connections === connections;

const shortly = (bytes: number): string => {
  if (bytes < 1000) return String(bytes);
  return bytes < 1_000_000 ? `${Math.round(bytes / 1024)} k` : `${Math.round(bytes / 1_048_576)} M`;
};

const plots: readonly Plot[] = [
  {
    title: "nodes, 150 B",
    variants: [engineName, "go"],
    at: (one) =>
      isSmall(one) && isBody(one) && isLoad(one) && one.nodes > 0 ? one.nodes : undefined,
    label: String,
    logarithmic: { x: false, y: false },
  },
  {
    title: "bytes, both by powers of ten",
    variants: [engineName, "go", "nginx"],
    at: (one) => (isSmall(one) && isLoad(one) && one.nodes === 1 ? one.requestBytes : undefined),
    label: shortly,
    logarithmic: { x: true, y: true },
  },
  {
    title: "connections, 150 B",
    variants: [engineName, "go", "nginx"],
    at: (one) => (isSmall(one) && isBody(one) && one.nodes === 1 ? one.connections : undefined),
    label: String,
    logarithmic: { x: true, y: false },
  },
];

type Point = { readonly x: number; readonly y: number };
type Curve = { readonly variant: string; readonly points: readonly Point[] };

const curvesOf = (report: Report, { variants, at }: Plot): readonly Curve[] =>
  variants
    .map((variant) => ({
      variant,
      points: report.cases
        .flatMap((one): readonly Point[] => {
          const line = findLine(report, { id: one.id, mode: "saturated", variant });
          const x = at(one);
          return line === undefined || x === undefined ? [] : [{ x, y: line.cpuMicros }];
        })
        .sort((a, b) => a.x - b.x),
    }))
    .filter(({ points }) => points.length > 1);

const plotWidth = 236;
const plotHeight = 130;
const gap = (width - 24 - 3 * plotWidth) / 2;
/** Room for what stands above and below the curves. */
const margin = { top: 60, bottom: 40, left: 6, right: 72 };

/** Undefined if no curve has two points. */
export const drawGrowth = (report: Report, top: number): Drawn | undefined => {
  const drawn = plots.flatMap((plot, i) => {
    const curves = curvesOf(report, plot);
    if (curves.length === 0) return [];
    return drawPlot(plot, curves, { x: 12 + i * (plotWidth + gap), y: top + margin.top });
  });
  if (drawn.length === 0) return undefined;
  const title = "How it grows: µs of CPU time per request, over";
  return {
    parts: [text({ x: 12, y: top + 20, className: "title" }, title), ...drawn],
    height: margin.top + plotHeight + margin.bottom,
  };
};

const scaleOf = (values: readonly number[], isLog: boolean, least: number) => {
  const place = (value: number): number => (isLog ? Math.log(value) : value);
  const low = isLog ? place(Math.min(...values)) : least;
  const high = Math.max(...values.map(place));
  return (value: number): number => (high === low ? 0.5 : (place(value) - low) / (high - low));
};

const drawPlot = (plot: Plot, curves: readonly Curve[], { x, y }: Point): readonly string[] => {
  const points = curves.flatMap((curve) => curve.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const across = scaleOf(xs, plot.logarithmic.x, xs[0] ?? 0);
  const up = scaleOf(
    points.map((point) => point.y),
    plot.logarithmic.y,
    0,
  );
  const inner = plotWidth - margin.left - margin.right;
  const at = (point: Point): Point => ({
    x: x + margin.left + inner * across(point.x),
    y: y + plotHeight * (1 - up(point.y)),
  });
  const baseline = y + plotHeight + 4;
  return [
    text({ x, y: y - 16, className: "case" }, plot.title),
    `<path class="line" d="M${number(x, 1)} ${number(baseline, 1)}h${plotWidth}"/>`,
    ...xs.map((each) =>
      text(
        { x: at({ x: each, y: 1 }).x, y: baseline + 16, className: "quiet", anchor: "middle" },
        plot.label(each),
      ),
    ),
    ...curves.flatMap((curve) => drawCurve(curve, at)),
    ...drawLabels(curves, at),
  ];
};

const lineHeight = 13;

/** What each curve is, at its end; those that would touch move apart. */
const drawLabels = (curves: readonly Curve[], at: (point: Point) => Point): readonly string[] => {
  let free = Number.NEGATIVE_INFINITY; // above this nothing may be written any more
  return curves
    .flatMap(({ variant, points }) => {
      const last = points.at(-1);
      const name = variant === engineName ? "" : `${variant} `;
      return last === undefined ? [] : [{ end: at(last), label: name + digits(last.y) }];
    })
    .sort((a, b) => a.end.y - b.end.y)
    .map(({ end, label }) => {
      const y = Math.max(end.y + 4, free);
      free = y + lineHeight;
      return text({ x: end.x + 6, y, className: "quiet" }, label);
    });
};

const drawCurve = ({ variant, points }: Curve, at: (point: Point) => Point): readonly string[] => {
  const placed = points.map(at);
  const path = placed.map((point) => `${number(point.x, 1)},${number(point.y, 1)}`).join(" ");
  const name = classOf(variant);
  return [
    `<polyline class="${name}" points="${path}"/>`,
    ...placed.map(
      (point) =>
        `<circle class="${name}" cx="${number(point.x, 1)}" cy="${number(point.y, 1)}" r="2.5"/>`,
    ),
  ];
};
