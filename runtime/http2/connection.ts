/** Puts a connection together over a socket. */
import type { Socket } from "node:net";
import { adopt } from "../adopt.ts";
import { close, fail, failBy, leave, settle } from "./closing.ts";
import { errorCodes } from "./error-codes.ts";
import { makeFloods } from "./floods.ts";
import { initialWindowBytes, maxStreamId, preface } from "./frames.ts";
import { makeDecoder } from "./hpack-decode.ts";
import { makeEncoder } from "./hpack-encode.ts";
import { defaultHttp2Limits } from "./limits.ts";
import { makeOutput, makeRoom, putBody } from "./output.ts";
import { makeReader, readChunk } from "./read.ts";
import { pump } from "./sending.ts";
import { putSettings } from "./settings.ts";
import type { Connection } from "./state.ts";
import type { Http2ClientOptions, Http2Connection, Http2ServerOptions } from "./types.ts";
import { makeWatch, startWatch } from "./watch.ts";

export type Role =
  | { readonly server: Http2ServerOptions; readonly client?: undefined }
  | { readonly client: Http2ClientOptions; readonly server?: undefined };

/** As many streams as a client opens before it knows how many it may. Source: RFC 9113, 6.5.2. */
const firstPeerStreams = 100;
const rememberedEnds = 128;

const makeConnection = (socket: Socket, role: Role): Connection => {
  const options = role.server ?? role.client;
  const limits = { ...defaultHttp2Limits, ...options.limits };
  return {
    socket,
    options,
    limits,
    server: role.server,
    client: role.client,
    reader: makeReader(role.server !== undefined),
    output: makeOutput(),
    decoder: makeDecoder(limits.headerListBytes),
    encoder: makeEncoder(),
    floods: makeFloods(),
    watch: makeWatch(),
    streams: new Map(),
    lastPeerId: 0,
    nextId: role.server === undefined ? 1 : 2,
    endedIds: new Int32Array(rememberedEnds),
    endedCount: 0,
    resetIds: undefined,
    resetCount: 0,
    peerSettled: false,
    peerWindowBytes: initialWindowBytes,
    peerStreams: firstPeerStreams,
    settled: false,
    windowIn: Math.max(limits.connectionWindowBytes, initialWindowBytes),
    unacknowledged: 0,
    windowOut: initialWindowBytes,
    waiting: [],
    waitingAt: 0,
    queuedBytes: 0,
    reads: 0,
    sentBytes: 0,
    opened: 0,
    phase: "open",
    farewell: "none",
    farewellDue: false,
    farewellId: maxStreamId,
    peerLeaves: false,
    wasFull: false,
    reached: !socket.connecting,
    flushed,
    due: [],
    fault: undefined,
    linger: undefined,
  };
};

const flushed = (connection: Connection): void => {
  const { socket, limits } = connection;
  if (socket.writableLength > limits.connectionOutputBytes) {
    fail(connection, errorCodes.ENHANCE_YOUR_CALM, "too much waits for the peer to read it");
  }
  if (connection.waiting.length > 0) pump(connection);
  settle(connection);
};

/** Takes over the socket, and greets the peer. */
export const startConnection = (given: Socket, role: Role): Connection => {
  const take = (chunk: Buffer): boolean => {
    read(connection, chunk);
    return true;
  };
  const adopted = role.server === undefined ? undefined : adopt(given, take);
  const socket = adopted ?? given;
  const connection = makeConnection(socket, role);
  if (!socket.destroyed) socket.setNoDelay(true);
  if (role.client?.onBytes !== undefined) role.client.onBytes(take);
  else if (adopted === undefined) socket.on("data", take);
  socket.on("connect", () => {
    connection.reached = true;
  });
  socket.on("drain", () => {
    connection.output.backlogged = false;
    connection.output.controlFrames = 0;
    flushed(connection);
  });
  socket.on("error", (error: Error) => close(connection, error.message));
  socket.on("end", () => close(connection, "the peer has closed the connection"));
  socket.on("close", () => close(connection, "the connection was closed"));
  if (role.client !== undefined) {
    makeRoom(connection, preface.length);
    putBody(connection, preface, 0, preface.length);
  }
  putSettings(connection);
  startWatch(connection, connection.options.deadlines);
  return connection;
};

const read = (connection: Connection, chunk: Buffer): void => {
  connection.reads += 1;
  try {
    readChunk(connection, chunk);
    if (connection.waiting.length > 0) pump(connection);
  } catch (error) {
    failBy(connection, error);
  }
  settle(connection);
};

/** What a connection offers in both roles. */
export const faceOf = (connection: Connection): Http2Connection => ({
  goAway: (code = 0, reason = "") => leave(connection, code, reason),
  destroy: () => close(connection, "the connection was closed here"),
  inWork: () => connection.streams.size,
});
