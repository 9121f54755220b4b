/** Sums of one engine, alone or shared with others that add to the same ones. */
import { EngineError } from "../../errors.ts";
import type { Sums } from "../state-store.ts";

/** What is added at once, by place; places in ascending order, each once. */
export type Batch = { readonly places: Uint32Array; readonly amounts: Float64Array };

/**
 * An engine's copy of sums that others add to as well: `values` = what is common + what is on its
 * way there + what waits. What is on its way stays the same until it is known to have arrived.
 */
export type SharedSums = Sums & {
  readonly length: number;
  /** What was common when last heard of. */
  readonly base: Readonly<Float64Array>;
  /** Additions that are not known to be common. */
  waiting(): number;
  /** What is on its way: the batch taken before as long as it is not settled. */
  take(): Batch | undefined;
  /** The batch is common; `common` are the sums then, if others than this engine added to them. */
  settle(common?: Readonly<Float64Array>): void;
};

/** @throws {EngineError} PAYLOAD_UNFIT when a sum would be no finite number; nothing is added then. */
const check = (
  values: Readonly<Float64Array>,
  places: readonly number[],
  amounts: readonly number[],
): void => {
  if (places.length !== amounts.length) {
    throw new RangeError(`${amounts.length} amounts for ${places.length} places`);
  }
  for (let i = 0; i < places.length; i += 1) {
    const place = places[i] ?? -1;
    const value = values[place];
    if (value === undefined) throw new RangeError(`place ${place} is not in ${values.length}`);
    if (!Number.isFinite(value + (amounts[i] ?? 0))) {
      throw new EngineError("PAYLOAD_UNFIT", `${amounts[i]} cannot be added to ${value}`);
    }
  }
};

export const makeSums = (length: number): Sums => {
  const values = new Float64Array(length);
  return {
    values,
    add: (places, amounts) => {
      check(values, places, amounts);
      for (let i = 0; i < places.length; i += 1) addAt(values, places[i], amounts[i]);
    },
  };
};

const addAt = (values: Float64Array, place = 0, amount = 0): void => {
  values[place] = (values[place] ?? 0) + amount;
};

export const makeSharedSums = (length: number): SharedSums => {
  const values = new Float64Array(length);
  const base = new Float64Array(length);
  const pending = new Float64Array(length);
  const isTouched = new Uint8Array(length);
  let touched: number[] = [];
  let batch: Batch | undefined;
  let count = 0;
  let countOfBatch = 0;

  return {
    values,
    base,
    length,
    waiting: () => count + countOfBatch,
    add: (places, amounts) => {
      check(values, places, amounts);
      count += 1;
      for (let i = 0; i < places.length; i += 1) {
        const place = places[i] ?? 0;
        addAt(values, place, amounts[i]);
        addAt(pending, place, amounts[i]);
        if (isTouched[place] === 0) touched.push(place);
        isTouched[place] = 1;
      }
    },
    take: () => {
      if (batch !== undefined || count === 0) return batch;
      const places = Uint32Array.from(touched).sort();
      batch = { places, amounts: Float64Array.from(places, (place) => pending[place] ?? 0) };
      for (const place of places) {
        pending[place] = 0;
        isTouched[place] = 0;
      }
      touched = [];
      countOfBatch = count;
      count = 0;
      return batch;
    },
    settle: (common) => {
      if (common !== undefined) {
        base.set(common);
        values.set(common);
        for (const place of touched) addAt(values, place, pending[place]);
      } else {
        batch?.places.forEach((place, i) => {
          addAt(base, place, batch?.amounts[i]);
          values[place] = (base[place] ?? 0) + (pending[place] ?? 0);
        });
      }
      batch = undefined;
      countOfBatch = 0;
    },
  };
};
