import { failure, type Issue, type Result, success } from "../../api/result.ts";
import { isObject } from "./message.ts";

export type Parameters = Readonly<Record<string, string | number | boolean>>;

type Reader = (text: string) => string | number | boolean | undefined;

const readNumber: Reader = (text) => {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? undefined : number;
};

const yes = ["true", "t", "yes", "y", "on", "1"];
const no = ["false", "f", "no", "n", "off", "0"];

const readTruth: Reader = (text) => {
  const word = text.trim().toLowerCase();
  if (yes.includes(word)) return true;
  return no.includes(word) ? false : undefined;
};

/** How a value of each type is read; undefined when it is not of the type. Source: engine contract, 11.7. */
const readers: ReadonlyMap<unknown, Reader> = new Map<string, Reader>([
  ["INT", (text) => (/^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : undefined)],
  ["FLOAT", readNumber],
  ["DOUBLE", readNumber],
  ["STRING", (text) => text],
  ["BOOL", readTruth],
]);

/**
 * Reads a unit's parameters, a JSON list of `{name, value, type}`, into what a class's constructor
 * gets. `source` is where they were written: a variable or a flag.
 */
export const readParameters = (json: string, source: string): Result<Parameters> => {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch (thrown) {
    return failure([{ path: source, message: `not valid JSON: ${(thrown as Error).message}` }]);
  }
  if (!Array.isArray(list)) {
    return failure([
      {
        path: source,
        message:
          'must be a JSON list of parameters: [{"name": "depth", "value": "3", "type": "INT"}]',
      },
    ]);
  }
  const issues: Issue[] = [];
  const parameters: [string, string | number | boolean][] = [];
  for (const [i, entry] of list.entries()) {
    const read = readParameter(entry, `${source}[${i}]`);
    if (read.ok) parameters.push(read.value);
    else issues.push(...read.issues);
  }
  return issues.length > 0 ? failure(issues) : success(Object.fromEntries(parameters));
};

const readParameter = (
  entry: unknown,
  path: string,
): Result<[string, string | number | boolean]> => {
  const { name, value, type = "STRING" } = isObject(entry) ? entry : {};
  if (typeof name !== "string" || name === "") {
    return failure([{ path, message: "a parameter needs a name, a value and a type" }]);
  }
  const reader = readers.get(type);
  if (reader === undefined) {
    const types = [...readers.keys()].join(", ");
    return failure([
      { path, message: `parameter ${name}: type ${JSON.stringify(type)} is not one of ${types}` },
    ]);
  }
  if (value === undefined || value === null || typeof value === "object") {
    return failure([{ path, message: `parameter ${name} needs a value` }]);
  }
  const read = reader(String(value));
  return read === undefined
    ? failure([
        { path, message: `parameter ${name}: ${JSON.stringify(value)} is not of type ${type}` },
      ])
    : success([name, read]);
};
