/** The figures as a drawing that needs nothing else, legible on light and on dark. */
import type { Report } from "../summary.ts";
import { drawBars } from "./bars.ts";
import { frame } from "./frame.ts";
import { drawGrowth } from "./growth.ts";

/** Undefined if nothing was measured that can be compared. */
export const renderSvg = (report: Report): string | undefined => {
  const bars = drawBars(report);
  if (bars === undefined) return undefined;
  const growth = drawGrowth(report, bars.height);
  return frame(bars.height + (growth?.height ?? 0), [...bars.parts, ...(growth?.parts ?? [])]);
};
