/** What the drawings are made of: texts, colours for light and dark, and the frame around all. */
import { number } from "../table.ts";

export const width = 760;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .case { font-weight: 600 }
  .quiet { fill: #59636e }
  .back { fill: #ffffff }
  .line { stroke: #c8d1da; fill: none }
  .engine { fill: #1a7f37; stroke: #1a7f37 }
  .go { fill: #57606a; stroke: #57606a }
  .other { fill: #a9b4c0; stroke: #a9b4c0 }
  polyline { fill: none; stroke-width: 2 }
  polyline.engine, polyline.go, polyline.other { fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .back { fill: #0d1117 }
    .line { stroke: #3d444d }
    .engine { fill: #2ea043; stroke: #2ea043 }
    .go { fill: #b1bac4; stroke: #b1bac4 }
    .other { fill: #656c76; stroke: #656c76 }
  }
`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export type Place = {
  readonly x: number;
  readonly y: number;
  readonly className?: string;
  readonly anchor?: "end" | "middle";
};

export const text = ({ x, y, className, anchor }: Place, content: string): string => {
  const attributes = [
    `x="${number(x, 1)}"`,
    `y="${number(y, 1)}"`,
    ...(className === undefined ? [] : [`class="${className}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  return `<text ${attributes.join(" ")}>${escaped(content)}</text>`;
};

export const frame = (height: number, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${number(height)}" role="img" aria-label="CPU time per request">`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${number(height)}" rx="6"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
