/** What a peer might send over HTTP/2: whole sessions in good order, and what small harm makes of them. */
import { frameTypes, preface } from "../../runtime/http2/frames.ts";
import { encodeFields, makeEncoder, roomFor } from "../../runtime/http2/hpack-encode.ts";
import type { Fields } from "../../runtime/http2/types.ts";
import {
  data,
  frame,
  goAway,
  ping,
  rst,
  settings,
  settingsAck,
  windowUpdate,
} from "../runtime/http2/wire.ts";

/** 0 or more, less than 1. */
export type Random = () => number;

/** A small generator with a seed (mulberry32): the same inputs again. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

export const pick = <One>(random: Random, list: readonly One[]): One => {
  const found = list[below(random, list.length)];
  if (found === undefined) throw new RangeError("nothing to choose from");
  return found;
};

export type Session = {
  readonly role: "server" | "client";
  readonly bytes: Buffer;
  /** Nothing was changed: the connection must live through it. */
  readonly intact: boolean;
  /** Where reads end, and whether to try it with these as well as without. */
  readonly cuts: readonly number[];
  readonly isCut: boolean;
};

/** As many requests as a client under test has under way when the session begins. */
export const requestsOpen = 4;

export const makeSession = (random: Random): Session => {
  const role = random() < 0.6 ? "server" : "client";
  const frames = role === "server" ? requests(random) : answers(random);
  const harms = random() < 0.15 ? 0 : 1 + below(random, 3);
  for (let i = 0; i < harms; i += 1) harmFrames(random, frames);
  const bytes = Buffer.concat(frames);
  if (harms > 0) for (let i = below(random, 3); i > 0; i -= 1) harmByte(random, bytes);
  const cuts = Array.from({ length: below(random, 6) }, () => below(random, bytes.length + 1));
  const isCut = random() < 0.3;
  return { role, bytes, intact: harms === 0, cuts: cuts.sort((a, b) => a - b), isCut };
};

type Sender = {
  readonly random: Random;
  readonly frames: Buffer[];
  readonly encoder: ReturnType<typeof makeEncoder>;
};

const sendFields = (sender: Sender, id: number, fields: Fields, end: boolean): void => {
  const { random, frames, encoder } = sender;
  const into = Buffer.alloc(roomFor(fields));
  const block = into.subarray(0, encodeFields(encoder, fields, into, 0));
  const split = random() < 0.2 ? below(random, block.length + 1) : block.length;
  const whole = split === block.length;
  const bits = (end ? 1 : 0) | (whole ? 4 : 0);
  const dress = below(random, 8);
  const part = block.subarray(0, split);
  if (dress === 0) frames.push(frame(1, bits | 0x8, id, padded(random, part)));
  else if (dress === 1) {
    const priority = Buffer.from([0, 0, 0, 0, below(random, 256)]);
    frames.push(frame(1, bits | 0x20, id, Buffer.concat([priority, part])));
  } else frames.push(frame(1, bits, id, part));
  if (!whole) frames.push(frame(9, 4, id, block.subarray(split)));
};

const padded = (random: Random, bytes: Buffer): Buffer => {
  const padding = below(random, 20);
  return Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
};

const sizes = [0, 1, 5, 100, 1000, 5000];

const sendBody = ({ random, frames }: Sender, id: number, end: boolean): void => {
  for (let i = below(random, 4); i > 0; i -= 1) {
    const body = Buffer.alloc(pick(random, sizes), id);
    frames.push(random() < 0.2 ? data(id, padded(random, body), 0x8) : data(id, body));
  }
  if (end) frames.push(data(id, Buffer.alloc(below(random, 3)), 1));
};

/** What may stand between any two frames. */
const sendAside = ({ random, frames }: Sender): void => {
  const kind = below(random, 14);
  if (kind === 0) frames.push(ping());
  else if (kind === 1) frames.push(settings([4, pick(random, [0, 10, 65_535, 1_000_000])]));
  else if (kind === 2) frames.push(settings([1, pick(random, [0, 100, 4096, 65_536])]));
  else if (kind === 3) frames.push(settings([5, pick(random, [16_384, 65_536])], [3, 100]));
  else if (kind === 4) frames.push(windowUpdate(0, 1 + below(random, 100_000)));
  else if (kind === 5) frames.push(frame(2, 0, 31, Buffer.from([0, 0, 0, 0, 9])));
  else if (kind === 6)
    frames.push(frame(0xb0 + below(random, 16), below(random, 256), 0, Buffer.alloc(7)));
  else if (kind === 7) frames.push(ping(Buffer.from("stillup?"), 1));
};

const words = ["", "a", "application/grpc", "identity", "gzip", "x".repeat(200), "\xff\x80 z"];

const metadata = (random: Random): string[] =>
  Array.from({ length: below(random, 4) }, () => [
    pick(random, ["x-a", "x-b", "grpc-timeout", "authorization", "content-type"]),
    random() < 0.3 ? String(random()) : pick(random, words),
  ]).flat();

const requests = (random: Random): Buffer[] => {
  const sender: Sender = {
    random,
    frames: [preface, settings(), settingsAck],
    encoder: makeEncoder(),
  };
  const count = 1 + below(random, 6);
  for (let place = 0; place < count; place += 1) {
    const id = 2 * place + 1;
    sendAside(sender);
    const head = [":method", "POST", ":scheme", "http", ":path", "/p", ":authority", "h"];
    const whole = random() < 0.2;
    sendFields(sender, id, [...head, ...metadata(random)], whole);
    sendAside(sender);
    if (whole) continue;
    const end = below(random, 4);
    sendBody(sender, id, end === 0);
    if (end === 1) sendFields(sender, id, metadata(random), true);
    else if (end === 2) sender.frames.push(rst(id, below(random, 14)));
    else if (end === 3 && random() < 0.5)
      sender.frames.push(windowUpdate(id, 1 + below(random, 100_000)));
    sendAside(sender);
  }
  if (random() < 0.1) sender.frames.push(goAway(0, 0));
  return sender.frames;
};

const answers = (random: Random): Buffer[] => {
  const sender: Sender = { random, frames: [settings(), settingsAck], encoder: makeEncoder() };
  for (let place = 0; place < requestsOpen; place += 1) {
    const id = 2 * place + 1;
    sendAside(sender);
    if (random() < 0.1) {
      sender.frames.push(rst(id, below(random, 14)));
      continue;
    }
    if (random() < 0.2) sendFields(sender, id, [":status", "103", "link", "a"], false);
    const only = random() < 0.2;
    sendFields(sender, id, [":status", "200", ...metadata(random)], only);
    sendAside(sender);
    if (only) continue;
    const trailers = random() < 0.7;
    sendBody(sender, id, !trailers);
    if (trailers) sendFields(sender, id, ["grpc-status", "0", ...metadata(random)], true);
  }
  if (random() < 0.1)
    sender.frames.push(goAway(pick(random, [0, 3, 2 ** 31 - 1]), below(random, 12)));
  return sender.frames;
};

/** Harm that leaves frames as frames: one is lost, comes twice, elsewhere, or is another. */
const harmFrames = (random: Random, frames: Buffer[]): void => {
  const at = below(random, frames.length);
  const one = frames[at] ?? preface;
  const kind = below(random, 10);
  if (kind === 0) frames.splice(at, 1);
  else if (kind === 1) frames.splice(at, 0, one);
  else if (kind === 2) frames.splice(below(random, frames.length), 0, ...frames.splice(at, 1));
  else if (kind === 3)
    for (let i = pick(random, [2, 3, 5, 50, 50, 1100]); i > 0; i -= 1) frames.push(one);
  else if (kind === 4) frames.splice(at, 0, randomFrame(random));
  else if (kind === 5) frames[at] = one.subarray(0, below(random, one.length));
  else if (kind === 6)
    frames[at] = Buffer.concat([one, randomBytes(random, 1 + below(random, 30))]);
  else if (one.length >= 9) frames[at] = withOtherHead(random, one);
};

const types = [...Object.values(frameTypes), 0xaa];

const withOtherHead = (random: Random, one: Buffer): Buffer => {
  const bytes = Buffer.from(one);
  const kind = below(random, 4);
  if (kind === 0) bytes[3] = pick(random, types);
  else if (kind === 1) bytes[4] = (bytes[4] ?? 0) ^ (1 << below(random, 8));
  else if (kind === 2) bytes.writeUInt32BE(pick(random, [0, 1, 2, 3, 5, 7, 9, 2 ** 31 - 1]), 5);
  else bytes.writeUIntBE(pick(random, [0, 1, 4, 5, 8, 16_384, 16_385, 2 ** 24 - 1]), 0, 3);
  return bytes;
};

const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => below(random, 256)));

const randomFrame = (random: Random): Buffer => {
  const payload = randomBytes(random, pick(random, [0, 1, 4, 5, 6, 8, 12, 40]));
  return frame(pick(random, types), below(random, 256), below(random, 10), payload);
};

const harmByte = (random: Random, bytes: Buffer): void => {
  if (bytes.length === 0) return;
  const at = below(random, bytes.length);
  bytes[at] = random() < 0.5 ? below(random, 256) : (bytes[at] ?? 0) ^ (1 << below(random, 8));
};
