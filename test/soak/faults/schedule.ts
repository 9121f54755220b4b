/** When a container misbehaves, and how: the same for the same seed. */

/** What a container does wrong. */
export const faultKinds = ["kill", "hang", "slow", "drop", "garbage", "half-close"] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Fault = {
  readonly kind: FaultKind;
  /** Since the start. */
  readonly atMs: number;
  readonly lastsMs: number;
};

/** Numbers from 0 to 1, always the same ones (mulberry32). */
export type Random = () => number;

export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const between = (random: Random, least: number, most: number): number =>
  least + random() * (most - least);

export const oneOf = <T>(random: Random, [first, ...rest]: readonly [T, ...T[]]): T =>
  rest[Math.floor(random() * (rest.length + 1)) - 1] ?? first;

const firstAtMs = 5000;
const pauses = [3000, 8000] as const;
const lengths: Readonly<Record<FaultKind, readonly [least: number, most: number]>> = {
  kill: [500, 2000],
  hang: [5000, 12_000],
  slow: [1000, 3000],
  drop: [1000, 3000],
  garbage: [1000, 3000],
  "half-close": [1000, 3000],
};

/** Faults until then, one after the other, with pauses; each kind before any comes again. */
export const makeSchedule = (random: Random, untilMs: number): readonly Fault[] => {
  const faults: Fault[] = [];
  let bag: FaultKind[] = [];
  for (let atMs = firstAtMs; ; ) {
    if (bag.length === 0) bag = [...faultKinds];
    const [kind = "kill"] = bag.splice(Math.floor(random() * bag.length), 1);
    const lastsMs = between(random, ...lengths[kind]);
    if (atMs + lastsMs > untilMs) return faults;
    faults.push({ kind, atMs, lastsMs });
    atMs += lastsMs + between(random, ...pauses);
  }
};
