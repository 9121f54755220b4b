/** The text in which LightGBM saves a model: a head and trees, each lines of `key=value`. */
import { ModelFault } from "./fault.ts";

export type Section = {
  /** Where it is in the file, for messages. */
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
};

export type LightgbmText = {
  readonly head: Section;
  readonly trees: readonly Section[];
  /** JSON of the categories of each categorical column, if a data frame was trained on. */
  readonly pandasCategorical: string | undefined;
};

const endOfTrees = "end of trees";

/** @throws {ModelFault} when the end is missing. */
export const parseLightgbm = (text: string): LightgbmText => {
  const end = text.indexOf(`\n${endOfTrees}`);
  if (end < 0) {
    throw new ModelFault(endOfTrees, "is a line that is missing: the file is not whole");
  }
  const [head = "", ...trees] = text.slice(0, end).split(/\r?\n(?=Tree=)/);
  return {
    head: { path: "", values: valuesOf(head) },
    trees: trees.map((tree, i) => ({ path: `Tree=${i}`, values: valuesOf(tree) })),
    pandasCategorical: /^pandas_categorical:(.*)$/m.exec(text.slice(end))?.[1]?.trim(),
  };
};

/** A line without a value is a flag. */
const valuesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      if (line === "") return [];
      return [at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)]];
    }),
  );

const pathOf = ({ path }: Section, key: string): string => (path === "" ? key : `${path}, ${key}`);

export const textIn = (section: Section, key: string): string => {
  const text = section.values.get(key);
  if (text !== undefined) return text;
  throw new ModelFault(pathOf(section, key), "is missing");
};

export const wholeIn = (section: Section, key: string, most: number): number => {
  const text = textIn(section, key);
  const number = Number(text);
  if (text.trim() !== "" && Number.isInteger(number) && number >= 0 && number <= most)
    return number;
  throw new ModelFault(
    pathOf(section, key),
    `is ${JSON.stringify(text.slice(0, 40))}: a whole number from 0 to ${most} is needed`,
  );
};

/** So many numbers, between blanks. */
export const numbersIn = (section: Section, key: string, length: number): Float64Array => {
  const words = textIn(section, key).split(" ");
  const path = pathOf(section, key);
  if (words.length !== length) {
    throw new ModelFault(path, `has ${words.length} entries where ${length} are needed`);
  }
  const numbers = new Float64Array(length);
  words.forEach((word, i) => {
    const number = numberOf(word);
    if (number === undefined) {
      throw new ModelFault(
        path,
        `entry ${i} is ${JSON.stringify(word.slice(0, 40))}, which is no number`,
      );
    }
    numbers[i] = number;
  });
  return numbers;
};

/** As C++ writes them. */
const numberOf = (word: string): number | undefined => {
  const infinite = /^(-?)inf(inity)?$/i.exec(word);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  const number = Number(word);
  return word === "" || Number.isNaN(number) ? undefined : number;
};
