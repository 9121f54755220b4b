/** From the parameters of a unit, as text, to the values that its built-in node works with. */
import { failure, type Issue, type Result, success } from "../result.ts";
import { hint } from "../spelling.ts";
import type { BuiltInRow, ParameterKind, ParameterRow } from "./table.ts";

type ValueOf<Kind extends ParameterKind> = Kind extends "number" | "whole"
  ? number
  : Kind extends "text"
    ? string
    : Kind extends "flag"
      ? boolean
      : Kind extends "numbers"
        ? readonly number[]
        : Kind extends "texts"
          ? readonly string[]
          : unknown;

type Given = { readonly fallback: string } | { readonly required: true };

/** The values of a row's parameters: undefined where neither the user nor the row gives one. */
export type Values<Row extends BuiltInRow> = {
  readonly [Name in keyof Row["parameters"]]: Row["parameters"][Name] extends Given
    ? ValueOf<Row["parameters"][Name]["is"]>
    : ValueOf<Row["parameters"][Name]["is"]> | undefined;
};

type Parameter = { readonly name: string; readonly value: string };

/**
 * Paths are below the unit: `parameters[2].value`. Of parameters with one name the last counts;
 * one that the row does not have is a warning, for v1 passes over it.
 */
export const readParameters = <Row extends BuiltInRow>(
  row: Row,
  parameters: readonly Parameter[],
): Result<Values<Row>> => {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const known = Object.keys(row.parameters);
  const values: Record<string, unknown> = {};
  for (const name of known) {
    const parameter = row.parameters[name];
    if (parameter?.fallback !== undefined) values[name] = readValue(parameter, parameter.fallback);
  }
  parameters.forEach(({ name, value }, i) => {
    const parameter = Object.hasOwn(row.parameters, name) ? row.parameters[name] : undefined;
    if (parameter === undefined) {
      const message = `is "${name}", which this node does not take${hint(name, known)}`;
      warnings.push({ path: `parameters[${i}].name`, message });
      return;
    }
    const read = readValue(parameter, value);
    if (read instanceof Fault) {
      issues.push({ path: `parameters[${i}].value`, message: `is "${value}"; ${read.message}` });
    } else values[name] = read;
  });
  for (const name of known) {
    if (row.parameters[name]?.required && !parameters.some((one) => one.name === name)) {
      issues.push({ path: "parameters", message: `has no ${name}; this node needs it` });
    }
  }
  // every known name has been read by its own kind
  return issues.length > 0 ? failure(issues, warnings) : success(values as Values<Row>, warnings);
};

/** What to write instead. */
class Fault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const readValue = (parameter: ParameterRow, text: string): unknown => {
  switch (parameter.is) {
    case "number":
    case "whole":
      return numberOf(parameter, text);
    case "numbers":
      return listOf(text, (one) => numberOf(parameter, one));
    case "texts":
      return listOf(text, (one) => choiceOf(parameter, one));
    case "flag":
      return flagOf(text);
    case "text":
      return choiceOf(parameter, text);
    case "json":
      return jsonOf(text);
  }
};

const numberOf = ({ is, least, most }: ParameterRow, text: string): number | Fault => {
  const value = Number(text);
  const bounds = [
    ...(least === undefined ? [] : [`${least} or more`]),
    ...(most === undefined ? [] : [`${most} or less`]),
  ];
  const fits =
    text.trim() !== "" &&
    Number.isFinite(value) &&
    (is !== "whole" || Number.isSafeInteger(value)) &&
    value >= (least ?? -Infinity) &&
    value <= (most ?? Infinity);
  if (fits) return value;
  return new Fault([`write a ${is === "whole" ? "whole number" : "number"}`, ...bounds].join(", "));
};

const choiceOf = ({ choices }: ParameterRow, text: string): string | Fault =>
  choices === undefined || choices.includes(text)
    ? text
    : new Fault(`write one of ${choices.join(", ")}`);

/** Proto3 JSON, Python and Go write truth in these ways. */
const flags: Readonly<Record<string, boolean>> = {
  true: true,
  "1": true,
  false: false,
  "0": false,
};

const flagOf = (text: string): boolean | Fault =>
  flags[text.trim().toLowerCase()] ?? new Fault("write true or false");

const listOf = <T>(text: string, read: (one: string) => T | Fault): readonly T[] | Fault => {
  const inner = text.trim().replace(/^\[(.*)\]$/s, "$1");
  if (inner.trim() === "") return [];
  const items = inner.split(",").map((one) => read(one.trim()));
  const fault = items.find((one) => one instanceof Fault);
  if (fault instanceof Fault) return new Fault(`${fault.message}; separate several by commas`);
  return items.filter((one): one is T => !(one instanceof Fault));
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return new Fault(`write JSON (${why})`);
  }
};
