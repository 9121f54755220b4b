import type { Random } from "../definition.ts";

/** Four words of 32 bits, not all 0. */
export type RandomState = readonly [number, number, number, number];

/**
 * The generator xoshiro128**: words of 32 bits with the period 2^128 - 1.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021).
 */
export const makeXoshiro = (state: RandomState): (() => number) => {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
};

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** Repeatable draws from [0, 1) with 53 bits, from a whole number. */
export const makeSeededRandom = (seed: number): Random => {
  const next = makeXoshiro(stateOf(seed));
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
};

/**
 * Spreads a seed over the state by SplitMix64, as the authors of xoshiro recommend.
 *
 * Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
const stateOf = (seed: number): RandomState => {
  const first = mixed(BigInt(seed) + golden);
  const second = mixed(BigInt(seed) + 2n * golden);
  return [word(first), word(first >> 32n), word(second), word(second >> 32n)];
};

const golden = 0x9e3779b97f4a7c15n;

const mixed = (value: bigint): bigint => {
  const bits = (one: bigint): bigint => BigInt.asUintN(64, one);
  let z = bits(value);
  z = bits((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = bits((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
};

const word = (bits: bigint): number => Number(BigInt.asUintN(32, bits));
