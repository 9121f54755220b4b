/** Models with what their own libraries answer, as `reference.py` writes them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadStoredModel } from "../../runtime/component/models/load.ts";
import type { Parameters } from "../../runtime/component/parameters.ts";
import type { Model } from "../../runtime/component/user.ts";

export type Case = {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly X: readonly unknown[];
  /** What the library answers. */
  readonly P: readonly unknown[];
  readonly parameters: Parameters;
};

export const fixtures = join(import.meta.dirname, "fixtures");

export const casesIn = (folder: string): readonly Case[] => {
  const files = readdirSync(folder);
  return files
    .filter((file) => file.endsWith(".answers"))
    .map((file) => {
      const name = file.replace(/\.answers$/, "");
      const model = files.find((each) => each !== file && each.startsWith(`${name}.`));
      if (model === undefined) throw new Error(`${name} has answers and no model`);
      const answers = JSON.parse(readFileSync(join(folder, file), "utf8"));
      return { ...answers, name, file: join(folder, model) };
    });
};

export const loaded = async (file: string, parameters: Parameters = {}): Promise<Model> => {
  const result = await loadStoredModel(file, parameters);
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.issues));
};

export const predictions = async (
  model: Model,
  X: unknown,
  names: readonly string[] = [],
): Promise<readonly unknown[]> => {
  const answer = await model.predict?.(X, names, {});
  if (!Array.isArray(answer)) throw new Error("the model answered no list");
  return answer;
};

/**
 * The largest difference between two answers, relative to what is wanted where that is above 1;
 * labels that differ are infinitely far apart.
 */
export const differenceOf = (got: readonly unknown[], want: readonly unknown[]): number => {
  const [mine, theirs] = [got, want].map((each) => each.flat(Number.POSITIVE_INFINITY));
  if (mine?.length !== theirs?.length) return Number.POSITIVE_INFINITY;
  return (mine ?? []).reduce((most: number, each, i) => {
    const other = theirs?.[i];
    if (typeof each !== "number" || typeof other !== "number") {
      return each === other ? most : Number.POSITIVE_INFINITY;
    }
    const difference = Math.abs(each - other) / Math.max(1, Math.abs(other));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference);
  }, 0);
};
