/** Server-side apply on plain values. Source: structured-merge-diff, typed merge. */
import { isPlain } from "../../../api/shape/plain.ts";
import { below, type Fields, isItem, itself, type Place, type Step, stepsOf } from "../fields.ts";

/** The live value with the applied one put over it. */
export const merge = (live: unknown, applied: unknown, place: Place): unknown => {
  const steps = stepsOf(applied, place);
  if (steps === undefined || live === undefined) return keepsLive(live, applied) ? live : applied;
  if (Array.isArray(applied)) return mergeItems(live, steps, place);
  if (!isPlain(live)) return applied;
  const known = new Map<string, unknown>(Object.entries(live));
  const merged = steps.map(({ element, value, place: inside }) => {
    const name = element.slice(2);
    return [name, merge(known.get(name), value, inside)] as const;
  });
  return { ...live, ...Object.fromEntries(merged) };
};

/** An empty map asks for nothing. */
const keepsLive = (live: unknown, applied: unknown): boolean =>
  isPlain(live) && isPlain(applied) && Object.keys(applied).length === 0;

/** Applied items in their order; the others where they were before the next applied one. */
const mergeItems = (live: unknown, applied: readonly Step[], place: Place): readonly unknown[] => {
  const before = stepsOf(live, place) ?? [];
  const known = new Map(before.map((step) => [step.element, step]));
  const wanted = new Set(applied.map(({ element }) => element));
  const merged: unknown[] = [];
  let at = 0;
  const keepForeign = (): void => {
    for (; at < before.length && !wanted.has(before[at]?.element ?? ""); at++)
      merged.push(before[at]?.value);
  };
  for (const step of applied) {
    keepForeign();
    merged.push(merge(known.get(step.element)?.value, step.value, step.place));
    if (known.has(step.element)) at++;
  }
  for (; at < before.length; at++) {
    const left = before[at];
    if (left !== undefined && !wanted.has(left.element)) merged.push(left.value);
  }
  return merged;
};

/** The value without the fields in `gone`; an item goes as a whole when nobody else owns of it. */
export const prune = (value: unknown, gone: Fields, owned: Fields, place: Place): unknown => {
  const steps = stepsOf(value, place);
  if (steps === undefined) return value;
  const left = steps.flatMap((step): readonly Step[] => {
    const remove = gone[step.element];
    if (remove === undefined) return [step];
    const others = below(owned, [step.element]);
    if (isGone(step, remove, others)) return [];
    const rest = prune(step.value, remove, others ?? {}, step.place);
    return isEmpty(rest) ? [] : [{ ...step, value: rest }];
  });
  if (Array.isArray(value)) return left.map((step) => step.value);
  return Object.fromEntries(left.map((step) => [step.element.slice(2), step.value]));
};

const isGone = (step: Step, remove: Fields, others: Fields | undefined): boolean => {
  if (isItem(step.element)) return remove[itself] !== undefined && others === undefined;
  return Object.keys(remove).length === 0 && stepsOf(step.value, step.place) === undefined;
};

const isEmpty = (value: unknown): boolean =>
  (isPlain(value) && Object.keys(value).length === 0) ||
  (Array.isArray(value) && value.length === 0);
