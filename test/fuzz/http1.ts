/**
 * Holds our reader of plain heads against Node's parser: whatever ours accepts, that one reads as
 * the same request, with the same end. What ours does not accept is Node's anyway.
 */
import { makeSeededRandom } from "../../runtime/nodes/bandit/random.ts";
import { type Head, type Reading, readHead } from "../../runtime/server/http1/head.ts";
import { makeInput } from "./http1-inputs.ts";
import { makeReference, type Reference, type Seen } from "./http1-reference.ts";

export type Count = {
  inputs: number;
  /** Plain requests, each judged by Node's parser too. */
  accepted: number;
  /** Plain as far as they came. */
  partial: number;
};

export type Difference = {
  /** Number of the input that it was found with. */
  readonly input: number;
  /** As latin1. */
  readonly bytes: string;
  readonly ours: unknown;
  readonly nodes: unknown;
};

export type FuzzOptions = {
  readonly seed: number;
  readonly inputs: number;
  /** What is held against Node's parser, if not our own. */
  readonly read?: (bytes: Buffer) => Reading;
  /** Told now and then. */
  readonly progress?: (count: Count) => void;
};

const limitBytes = 65_536;
/** So many requests go to Node's parser over one connection. */
const batchSize = 100;
/** Each hundredth request is cut at every place, the others at one. */
const shareCutEverywhere = 0.01;
/** Bodies that are only announced are made up, if they are not too long. */
const longestBody = 2000;
const progressEvery = 100_000;

/** Seen behind a request only if its end is where we say. */
const sentinel = "GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n";

/** A request that was accepted: its own bytes, and what they say. */
type Accepted = {
  readonly input: number;
  readonly bytes: Buffer;
  readonly head: Head;
};

/** The first difference, or the counts of a run without one. */
export const fuzz = async ({
  seed,
  inputs,
  read = (bytes) => readHead(bytes, limitBytes),
  progress,
}: FuzzOptions): Promise<Count | Difference> => {
  const random = makeSeededRandom(seed);
  const reference = makeReference();
  const count: Count = { inputs: 0, accepted: 0, partial: 0 };
  let batch: Accepted[] = [];
  while (count.inputs < inputs) {
    const bytes = makeInput(random);
    const input = count.inputs;
    count.inputs += 1;
    if (count.inputs % progressEvery === 0) progress?.(count);
    const head = read(bytes);
    if (head === "partial") count.partial += 1;
    if (!isJudged(head)) continue;
    count.accepted += 1;
    const cut = findBadCut(bytes.subarray(0, head.bodyAt), read, random);
    if (cut !== undefined) return { input, bytes: show(bytes), ours: cut, nodes: "not asked" };
    batch.push({ input, bytes: wholeOf(bytes, head), head });
    if (batch.length < batchSize && !head.last) continue;
    const difference = await judge(batch, reference);
    if (difference !== undefined) return difference;
    batch = [];
  }
  return (await judge(batch, reference)) ?? count;
};

const isJudged = (head: Reading): head is Head =>
  typeof head === "object" && head.bodyBytes <= longestBody;

const show = (bytes: Buffer): string => bytes.toString("latin1");

/** The bytes of the request alone: what is behind it cut off, what is missing of its body made up. */
const wholeOf = (bytes: Buffer, { bodyAt, bodyBytes }: Head): Buffer => {
  const whole = Buffer.alloc(bodyAt + bodyBytes, "m");
  bytes.copy(whole, 0, 0, Math.min(bytes.length, whole.length));
  return whole;
};

/** A head that is accepted whole is plain at each earlier place too, however its pieces come. */
const findBadCut = (
  head: Buffer,
  read: (bytes: Buffer) => Reading,
  random: () => number,
): string | undefined => {
  const everywhere = random() < shareCutEverywhere;
  const from = everywhere ? 0 : Math.floor(random() * head.length);
  const to = everywhere ? head.length : from + 1;
  for (let at = from; at < to; at += 1) {
    const reading = read(head.subarray(0, at));
    if (reading !== "partial") return `cut at ${at}: ${JSON.stringify(reading)}`;
  }
  return undefined;
};

/** All requests of a batch come one behind the other; only the last may be the client's last. */
const judge = async (
  batch: readonly Accepted[],
  reference: Reference,
): Promise<Difference | undefined> => {
  const last = batch.at(-1);
  if (last === undefined) return undefined;
  const wanted: Seen[] = batch.map(({ bytes, head }) => ({
    method: head.method,
    target: head.target,
    headers: head.headers,
    body: show(bytes.subarray(head.bodyAt)),
  }));
  const pieces = batch.map(({ bytes }) => bytes);
  if (!last.head.last) {
    pieces.push(Buffer.from(sentinel));
    wanted.push({ method: "GET", target: "/sentinel", headers: ["Host", "s"], body: "" });
  }
  const { seen, error } = await reference.read(Buffer.concat(pieces), wanted.length);
  if (error === undefined && isSame(seen, wanted)) return undefined;
  if (batch.length > 1) {
    for (const one of batch) {
      const found = await judge([one], reference);
      if (found !== undefined) return found;
    }
  }
  return {
    input: last.input,
    bytes: show(Buffer.concat(pieces)),
    ours: wanted,
    nodes: { seen, error },
  };
};

const isSame = (seen: readonly Seen[], wanted: readonly Seen[]): boolean =>
  seen.length === wanted.length &&
  seen.every((one, i) => {
    const other = wanted[i];
    return (
      other !== undefined &&
      one.method === other.method &&
      one.target === other.target &&
      one.body === other.body &&
      one.headers.length === other.headers.length &&
      one.headers.every((part, at) => part === other.headers[at])
    );
  });
