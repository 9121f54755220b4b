/**
 * Feeds connections of ours with sessions that were harmed, and asks of each: nothing is thrown,
 * what is kept stays within its bounds, what is sent is HTTP/2 in good order, every stream comes
 * to one end, however the bytes are cut the same happens, and the connection has ended for a fault
 * or answers a PING. A session that was not harmed must not end it.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Deadlines } from "../../runtime/deadlines.ts";
import { startConnection } from "../../runtime/http2/connection.ts";
import { errorCodes } from "../../runtime/http2/error-codes.ts";
import { attach, pause, reset, resume, sendData, sendFields } from "../../runtime/http2/send.ts";
import { putFields } from "../../runtime/http2/sending.ts";
import type { Connection } from "../../runtime/http2/state.ts";
import { openStream } from "../../runtime/http2/streams.ts";
import type { Fault, Fields, Http2Limits, Stream } from "../../runtime/http2/types.ts";
import { ping } from "../runtime/http2/wire.ts";
import { type Judge, makeJudge } from "./http2-judge.ts";
import { makeRandom, makeSession, requestsOpen, type Session } from "./http2-sessions.ts";

export type FuzzOptions = {
  readonly seed: number;
  readonly inputs: number;
  readonly progress?: (count: FuzzCount) => void;
};

export type FuzzCount = { inputs: number; ended: number; wentOn: number; streams: number };

export type FuzzFailure = FuzzCount & {
  /** To run this one again: the seed of its own. */
  readonly seed: number;
  readonly role: Session["role"];
  readonly what: string;
  readonly bytes: string;
};

const progressEvery = 10_000;
/** So many connections at once: they share the turns of the event loop. */
const batch = 50;

/** Runs until an input fails, or all are done. */
export const fuzzHttp2 = async (options: FuzzOptions): Promise<FuzzCount | FuzzFailure> => {
  const { seed, inputs, progress } = options;
  const count: FuzzCount = { inputs: 0, ended: 0, wentOn: 0, streams: 0 };
  while (count.inputs < inputs) {
    const seeds = Array.from(
      { length: Math.min(batch, inputs - count.inputs) },
      (_, place) => seed + count.inputs + place,
    );
    const failures = await Promise.all(seeds.map((one) => tryInput(one, count)));
    const failure = failures.find((one) => one !== undefined);
    if (failure !== undefined) return { ...count, ...failure };
    if (progress !== undefined && count.inputs % progressEvery === 0) progress(count);
  }
  return count;
};

const { ENHANCE_YOUR_CALM: flooded, STREAM_CLOSED: late } = errorCodes;

/** However the bytes are cut, the same comes of them. */
const compare = (whole: Outcome, cut: Outcome): void => {
  const verdicts = [whole.verdict, cut.verdict];
  // Between two reads answers leave, so that it takes more to flood us; and a frame after the
  // peer's end costs the stream if the answer is still under way, else the connection.
  if (verdicts.includes(flooded) || verdicts.includes(late)) return;
  const [a, b] = [JSON.stringify(whole.seen), JSON.stringify(cut.seen)];
  // When a fault comes, the connection may be over in good order, if that comes later.
  if (a === b && (verdicts.includes(0) || whole.verdict === cut.verdict)) return;
  throw new Error(`cut elsewhere, another outcome: ${verdicts}\n${a}\n${b}`);
};

type Failed = Omit<FuzzFailure, keyof FuzzCount>;

const tryInput = async (seed: number, count: FuzzCount): Promise<Failed | undefined> => {
  const session = makeSession(makeRandom(seed));
  count.inputs += 1;
  try {
    const whole = await run(session, []);
    if (session.isCut) {
      const cut = await run(session, session.cuts);
      compare(whole, cut);
    }
    count[whole.ended ? "ended" : "wentOn"] += 1;
    count.streams += whole.streams;
    return undefined;
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, role: session.role, what, bytes: session.bytes.toString("hex") };
  }
};

/** Limits that sessions of this size can reach. */
const limits: Partial<Http2Limits> = {
  concurrentStreams: 20,
  headerListBytes: 4000,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 65_535,
  streamOutputBytes: 4_000_000,
  connectionOutputBytes: 4_000_000,
  idleFrames: 1000,
  controlFrames: 500,
  resets: 50,
};

/** No time passes. */
const timeless: Deadlines = {
  set: (afterMs, expire) => ({ at: afterMs, expire }),
  clear: () => {},
};

/** What a socket is to a connection, without a kernel. */
const makeSocket = (judge: Judge) => {
  const socket = Object.assign(new EventEmitter(), {
    destroyed: false,
    writable: true,
    connecting: false,
    writableLength: 0,
    setNoDelay: () => {},
    cork: () => {},
    uncork: () => {},
    write: (bytes: string | Buffer, encoding?: unknown, told?: () => void): boolean => {
      judge.take(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      const after = typeof encoding === "function" ? encoding : told;
      if (after !== undefined) process.nextTick(after);
      return true;
    },
    end: () => {
      socket.writable = false;
    },
    destroy: () => {
      socket.destroyed = true;
    },
  });
  return socket;
};

type Outcome = {
  readonly ended: boolean;
  readonly streams: number;
  readonly seen: unknown;
  readonly verdict: number;
};

const run = async (session: Session, cuts: readonly number[]): Promise<Outcome> => {
  const judge = makeJudge(session.role);
  const socket = makeSocket(judge);
  const logs = new Map<number, StreamLog>();
  let closings = 0;
  const options = { deadlines: timeless, limits, onClosed: () => (closings += 1) };
  const role =
    session.role === "client"
      ? { client: options }
      : {
          server: {
            ...options,
            onStream: (stream: Stream, _: Fields, end: boolean) => use(logs, stream, end),
          },
        };
  const connection = startConnection(socket as unknown as Socket, role); // the part of it that is used
  if (session.role === "client") ask(connection, logs);
  let from = 0;
  for (const to of [...cuts, session.bytes.length]) {
    if (to > from) socket.emit("data", Buffer.from(session.bytes.subarray(from, to)));
    from = to;
    await turn();
    checkBounds(connection);
  }
  const ended = connection.phase !== "open" && connection.fault !== undefined;
  if (session.intact && ended && connection.fault?.from === "here") {
    throw new Error(`a session in good order ended it: ${connection.fault.reason}`);
  }
  if (session.intact && !ended && connection.phase === "open") await checkAlive(socket, judge);
  const verdict = judge.goAway() ?? 0;
  if (connection.phase !== "closed") socket.emit("close");
  await turn();
  checkEnd(connection, logs, closings);
  return { ended, streams: logs.size, verdict, seen: [...logs.values()].map(summary) };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const checkAlive = async (socket: EventEmitter, judge: Judge): Promise<void> => {
  const before = judge.pongs();
  socket.emit("data", ping());
  await turn();
  if (judge.pongs() !== before + 1) throw new Error("no answer to a PING");
};

const checkBounds = ({ reader, decoder, encoder, streams, ...connection }: Connection): void => {
  const queued = [...streams.values()].reduce((sum, stream) => sum + stream.queueBytes, 0);
  const bounds: [string, number, number][] = [
    ["streams", streams.size, 20],
    ["held", reader.held.length, 16_384],
    ["block", reader.blockBytes, 4000 + 16_384],
    ["pieces of a block", reader.block.length, 128],
    ["table", decoder.table.bytes, 4096],
    ["known blocks", decoder.known.size, 32],
    ["names", encoder.memos.size, 256],
    ["waiting", connection.waiting.length - connection.waitingAt, 1000],
    ["queued", queued, 4_100_000],
    ["queued, as counted", Math.abs(queued - connection.queuedBytes), 0],
    ["control frames", connection.output.controlFrames, 500],
    ["output", connection.output.partBytes, 400_000],
  ];
  for (const [what, is, most] of bounds) {
    if (is > most) throw new Error(`${what}: ${is}, more than ${most}`);
  }
};

const checkEnd = (connection: Connection, logs: Map<number, StreamLog>, closings: number): void => {
  if (closings !== 1) throw new Error(`the connection's end was told ${closings} times`);
  if (connection.streams.size > 0) throw new Error("streams are left in a closed connection");
  for (const [id, { ends, broken, givenUp }] of logs) {
    const isAnswered = givenUp || ends > 0;
    if (ends > 1 || broken > 1 || (!isAnswered && broken === 0)) {
      throw new Error(`stream ${id} has ended ${ends} times, and was broken ${broken} times`);
    }
  }
};

/** What was told of a stream. */
type StreamLog = {
  readonly id: number;
  readonly stream: Stream;
  readonly fields: Fields[];
  bytes: number;
  ends: number;
  broken: number;
  code: number;
  /** Its user has reset it. */
  givenUp: boolean;
};

/** What does not depend on whether an answer left before a reset came. */
const summary = ({ id, fields, bytes, ends, broken, code }: StreamLog): unknown =>
  ends > 0 ? [id, fields, bytes] : [id, fields, bytes, broken, code];

const makeLog = (logs: Map<number, StreamLog>, stream: Stream): StreamLog => {
  const log = {
    id: stream.id,
    stream,
    fields: [],
    bytes: 0,
    ends: 0,
    broken: 0,
    code: -1,
    givenUp: false,
  };
  logs.set(stream.id, log);
  return log;
};

const quiet = {
  fields: (log: StreamLog, fields: Fields, end: boolean): void => {
    over(log);
    log.fields.push([...fields]);
    if (end) log.ends += 1;
  },
  data: (log: StreamLog, chunk: Buffer, end: boolean): void => {
    over(log);
    log.bytes += chunk.length;
    if (end) log.ends += 1;
  },
  broken: (log: StreamLog, { code }: Fault): void => {
    log.broken += 1;
    log.code = code;
  },
};

/** Nothing follows the end. */
const over = (log: StreamLog): void => {
  if (log.ends > 0 || log.broken > 0 || log.givenUp) {
    throw new Error(`something was told of ${log.id} after its end`);
  }
};

const ok = [":status", "200", "content-type", "application/grpc"];
const trailers = ["grpc-status", "0"];

const answer = ({ stream }: StreamLog, bytes: number): void => {
  sendFields(stream, ok, false);
  sendData(stream, Buffer.alloc(bytes), false);
  sendFields(stream, trailers, true);
};

const echo = {
  ...quiet,
  data: (log: StreamLog, chunk: Buffer, end: boolean): void => {
    quiet.data(log, chunk, end);
    sendData(log.stream, chunk, false);
    if (end) sendFields(log.stream, trailers, true);
  },
  fields: (log: StreamLog, fields: Fields, end: boolean): void => {
    quiet.fields(log, fields, end);
    sendFields(log.stream, trailers, true);
  },
};

const answering = {
  ...quiet,
  data: (log: StreamLog, chunk: Buffer, end: boolean): void => {
    quiet.data(log, chunk, end);
    pause(log.stream);
    if (end) answer(log, 1000 * log.id * log.id);
    else resume(log.stream);
  },
  fields: (log: StreamLog, fields: Fields, end: boolean): void => {
    quiet.fields(log, fields, end);
    answer(log, 10);
  },
};

/** Users differ by the number of the stream, so that a session can be run again. */
const use = (logs: Map<number, StreamLog>, stream: Stream, end: boolean): void => {
  const log = makeLog(logs, stream);
  if (end) log.ends = 1;
  const kind = (stream.id >> 1) % 5;
  if (kind === 0 || kind === 3) {
    attach(stream, answering, log);
    if (end) answer(log, 100);
  } else if (kind === 1) {
    attach(stream, echo, log);
    sendFields(stream, ok, end);
  } else if (kind === 2) {
    attach(stream, quiet, log);
    log.givenUp = true;
    reset(stream, 8);
  } else {
    attach(stream, quiet, log);
    log.givenUp = true;
    sendFields(stream, [":status", "404"], true);
  }
};

const ask = (connection: Connection, logs: Map<number, StreamLog>): void => {
  for (let place = 0; place < requestsOpen; place += 1) {
    const id = connection.nextId;
    connection.nextId += 2;
    putFields(
      connection,
      id,
      { fields: [":method", "POST", ":scheme", "http", ":path", "/"], encoded: undefined },
      false,
    );
    const stream = openStream(connection, id);
    stream.headOut = true;
    attach(stream, quiet, makeLog(logs, stream));
    sendData(stream, Buffer.alloc(30_000 * place), place % 2 === 0);
  }
};
