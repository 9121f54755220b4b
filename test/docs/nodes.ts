/** The reference of built-in nodes as their table has it: what docs/nodes.md must hold, word for word. */
import { builtInNames, builtInRow } from "../../api/built-ins/all.ts";
import type { BuiltInKind, BuiltInRow, ParameterRow } from "../../api/built-ins/table.ts";

const kinds: Readonly<Record<BuiltInKind, string>> = {
  router: "Routers",
  combiner: "Combiners",
  transformer: "Transformers",
  model: "Models",
};

/** Headings of the page, in its order, and what stands below each. */
export const sections = (): readonly { readonly heading: string; readonly text: string }[] =>
  Object.entries(kinds).map(([kind, heading]) => ({
    heading,
    text: builtInNames
      .flatMap((name) => {
        const row = builtInRow(name);
        return row?.kind === kind ? [nodeText(name, row)] : [];
      })
      .join("\n"),
  }));

const nodeText = (name: string, { help, parameters }: BuiltInRow): string => {
  const rows = Object.entries(parameters).map(
    ([parameter, row]) =>
      `| \`${parameter}\` | ${formOf(row)} | ${fallbackOf(row)} | ${row.help.replaceAll("|", "\\|")} |`,
  );
  const table = ["| parameter | form | default | meaning |", "| --- | --- | --- | --- |", ...rows];
  const body = rows.length === 0 ? ["It has no parameters."] : table;
  return [`### ${name}`, "", `${help[0]?.toUpperCase()}${help.slice(1)}.`, "", ...body, ""].join(
    "\n",
  );
};

const fallbackOf = ({ fallback, required }: ParameterRow): string => {
  if (required) return "required";
  return fallback === undefined || fallback === "" ? "" : `\`${fallback}\``;
};

const words: Readonly<Record<ParameterRow["is"], string>> = {
  number: "number",
  whole: "whole number",
  text: "text",
  flag: "truth value",
  numbers: "numbers",
  texts: "texts",
  json: "JSON",
};

const formOf = ({ is, least, most, choices }: ParameterRow): string => {
  if (choices !== undefined) return choices.map((one) => `\`${one}\``).join(", ");
  if (least !== undefined && most !== undefined) return `${words[is]}, ${least} to ${most}`;
  return [
    words[is],
    ...(least === undefined ? [] : [`${least} or more`]),
    ...(most === undefined ? [] : [`${most} or less`]),
  ].join(", ");
};
