/** The records of a connection and its streams, for the files of this room alone. */
import type { Socket } from "node:net";
import type { Deadline } from "../deadlines.ts";
import type { Decoder } from "./hpack-decode.ts";
import type { Encoder } from "./hpack-encode.ts";
import type {
  EncodedFields,
  Fault,
  Fields,
  Http2ClientOptions,
  Http2Limits,
  Http2Options,
  Http2ServerOptions,
  Stream,
  StreamEvents,
} from "./types.ts";

export type OpenStream = Stream & {
  readonly connection: Connection;
  events: StreamEvents<unknown>;
  /** What was attached along with `events`. */
  attached: unknown;
  /** Nothing is sent and nothing is told any more. */
  over: boolean;

  /** What has come in: the head (at the client), the end. */
  headIn: boolean;
  endIn: boolean;
  /** What the peer may still send, and what it sent that no window was given for yet. */
  windowIn: number;
  unacknowledged: number;
  paused: boolean;
  /** Bytes of the body so far, and as many as were announced; -1: not said. */
  bytesIn: number;
  contentLength: number;

  /** What has gone out: the head, the end (or it waits in `queue`, `trailers` or `endQueued`). */
  headOut: boolean;
  endOut: boolean;
  /** What the peer's window allows; less than 0 if the peer has made it smaller. */
  windowOut: number;
  /** Bytes that wait for the peer; the first chunk from `queueAt`. */
  queue: Buffer[] | undefined;
  queueAt: number;
  queueBytes: number;
  endQueued: boolean;
  trailers: Trailers | undefined;
  /** In `connection.waiting`. */
  waits: boolean;
  /** `sendData` has answered false, and no `room` was told since. */
  wantsRoom: boolean;
  /** When bytes began to wait without any of them leaving; -1: none wait. */
  stalledSince: number;
};

export type Trailers = { readonly fields: Fields; readonly encoded: EncodedFields | undefined };

export type Output = {
  /** Bytes not yet given to the socket: `parts`, then `chunk` from `from` to `at`. */
  chunk: Buffer;
  from: number;
  at: number;
  parts: Buffer[];
  partBytes: number;
  /** Whole chunks that parts are of. */
  used: Buffer[];
  /** Will be flushed at the end of this turn. */
  scheduled: boolean;
  /** The kernel takes no more for now; bodies wait for it. */
  backlogged: boolean;
  /** Answers to the peer's frames since the socket was last drained. */
  controlFrames: number;
};

export type Reader = {
  /** Bytes of the peer's preface that are still to come. */
  prefaceLeft: number;
  phase: "head" | "payload" | "padLength" | "data" | "padding" | "deaf";
  /** A frame's head or payload that comes in pieces. */
  readonly head: Buffer;
  held: Buffer;
  heldBytes: number;
  /** The frame at hand. */
  length: number;
  type: number;
  flags: number;
  id: number;
  /** Where its payload is. */
  bytes: Buffer;
  from: number;
  to: number;
  /** Of a DATA frame: what is still to come, and whose it is, if anyone's. */
  dataLeft: number;
  paddingLeft: number;
  stream: OpenStream | undefined;
  /** A block of fields that goes on in CONTINUATION frames; 0: none does. */
  blockId: number;
  blockEnd: boolean;
  block: Buffer[];
  blockBytes: number;
};

export type Floods = {
  idleFrames: number;
  idleSince: number;
  lost: number;
  lostSince: number;
};

/** What the sweeper compares from one round to the next. */
export type Watch = {
  deadline: Deadline | undefined;
  /** Milliseconds of its life, but for those in which the process stood still. */
  now: number;
  /** By the clock of the process. */
  sweptAt: number;
  seenReads: number;
  heardAt: number;
  /** -1: no PING of ours waits for an answer. */
  pingedAt: number;
  seenOpened: number;
  busyAt: number;
  seenSent: number;
  seenWaiting: number;
  movedAt: number;
};

export type Connection = {
  readonly socket: Socket;
  readonly options: Http2Options;
  readonly limits: Http2Limits;
  /** Exactly one of the two. */
  readonly server: Http2ServerOptions | undefined;
  readonly client: Http2ClientOptions | undefined;
  readonly reader: Reader;
  readonly output: Output;
  readonly decoder: Decoder;
  readonly encoder: Encoder;
  readonly floods: Floods;
  readonly watch: Watch;
  readonly streams: Map<number, OpenStream>;

  /** Of the peer's making: the highest so far. Of ours: the next. */
  lastPeerId: number;
  nextId: number;
  /** The last streams that the peer ended, and that we reset: what may still come for them differs. */
  readonly endedIds: Int32Array;
  endedCount: number;
  resetIds: Int32Array | undefined;
  resetCount: number;

  /** The peer's settings. */
  peerSettled: boolean;
  peerWindowBytes: number;
  peerStreams: number;
  /** The peer has acknowledged ours. */
  settled: boolean;

  windowIn: number;
  unacknowledged: number;
  windowOut: number;
  /** Streams with bytes that only the connection's window or the socket keeps back, in turn. */
  readonly waiting: OpenStream[];
  waitingAt: number;
  queuedBytes: number;
  /** Counts for the sweeper: reads; bytes of bodies sent. */
  reads: number;
  sentBytes: number;
  opened: number;

  /** `draining`: streams in work go on, no new ones. `closing`: last bytes leave. */
  phase: "open" | "draining" | "closing" | "closed";
  /** A graceful GOAWAY has two steps; the second waits for a PING. */
  farewell: "none" | "announced" | "said";
  farewellDue: boolean;
  /** The last stream that the farewell promised to work on. */
  farewellId: number;
  /** The peer has said GOAWAY. */
  peerLeaves: boolean;
  wasFull: boolean;
  /** Connected at some time: what was sent may have been seen. */
  reached: boolean;
  /** Called after each flush, with this connection: more may be sent, or all is done. */
  readonly flushed: (connection: Connection) => void;
  /** Streams that broke where their user could not be told. */
  due: { readonly stream: OpenStream; readonly fault: Fault }[];
  fault: Fault | undefined;
  linger: Deadline | undefined;
};
