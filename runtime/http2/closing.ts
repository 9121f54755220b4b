/** How a connection ends: in order, by a fault, or because the socket has gone. */
import { errorCodes, Http2Error } from "./error-codes.ts";
import { frameTypes, headBytes, maxStreamId } from "./frames.ts";
import { flush, makeRoom, putBody, putHead, putUint32 } from "./output.ts";
import { farewellPing } from "./receive.ts";
import type { Connection } from "./state.ts";
import { tellBroken } from "./streams.ts";
import type { Fault } from "./types.ts";

const putGoAway = (connection: Connection, lastId: number, code: number, reason: string): void => {
  const debug = Buffer.from(reason, "latin1").subarray(0, mostDebugBytes);
  makeRoom(connection, headBytes + 8);
  putHead(connection.output, 8 + debug.length, frameTypes.goAway << 8, 0);
  putUint32(connection.output, lastId);
  putUint32(connection.output, code);
  putBody(connection, debug, 0, debug.length);
};
const mostDebugBytes = 200;

/**
 * Takes no new streams; the connection closes when those in work are done. A server that means no
 * reproach first announces it, and takes what was on its way until the peer has heard.
 *
 * Source: RFC 9113, 6.8.
 */
export const leave = (connection: Connection, code: number, reason: string): void => {
  if (connection.phase !== "open" && connection.phase !== "draining") return;
  if (connection.farewell === "said" || (connection.farewell === "announced" && code === 0)) return;
  connection.phase = "draining";
  if (connection.server === undefined || code !== errorCodes.NO_ERROR) {
    sayFarewell(connection, code, reason);
    return;
  }
  connection.farewell = "announced";
  putGoAway(connection, maxStreamId, code, reason);
  makeRoom(connection, headBytes + 8);
  putHead(connection.output, 8, frameTypes.ping << 8, 0);
  putBody(connection, farewellPing, 0, farewellPing.length);
  const { deadlines } = connection.options;
  connection.linger = deadlines.set(connection.limits.lingerMs, () => {
    connection.farewellDue = true;
    settle(connection);
  });
};

const sayFarewell = (connection: Connection, code: number, reason: string): void => {
  connection.farewell = "said";
  connection.farewellId = connection.lastPeerId;
  putGoAway(connection, connection.farewellId, code, reason);
};

/** Ends the connection for a fault, and says so to the peer. */
export const fail = (connection: Connection, code: number, reason: string): void => {
  if (connection.phase === "closing" || connection.phase === "closed") return;
  connection.fault ??= { code, from: "here", unprocessed: false, reason };
  putGoAway(connection, Math.min(connection.lastPeerId, connection.farewellId), code, reason);
  breakAll(connection, connection.fault);
  end(connection);
};

/** The last bytes leave; the peer's are read no more, but taken, so that ours arrive. */
const end = (connection: Connection): void => {
  connection.phase = "closing";
  connection.reader.phase = "deaf";
  const { deadlines } = connection.options;
  if (connection.linger !== undefined) deadlines.clear(connection.linger);
  connection.linger = deadlines.set(connection.limits.lingerMs, () => connection.socket.destroy());
  flush(connection);
  connection.socket.end();
};

const breakAll = (connection: Connection, fault: Fault): void => {
  const { code, reason } = fault;
  const unprocessed = connection.client !== undefined && !connection.reached;
  for (const stream of [...connection.streams.values()]) {
    tellBroken(stream, { code, from: "connection", unprocessed, reason });
  }
};

/** The socket has closed, or is about to be. */
export const close = (connection: Connection, reason: string): void => {
  if (connection.phase === "closed") return;
  const isOrderly =
    connection.streams.size === 0 &&
    (connection.phase === "closing" || connection.phase === "draining" || connection.peerLeaves);
  const code = isOrderly ? errorCodes.NO_ERROR : errorCodes.CANCEL;
  connection.fault ??= { code, from: "connection", unprocessed: false, reason };
  connection.phase = "closed";
  connection.reader.phase = "deaf";
  const { deadlines } = connection.options;
  for (const one of [connection.linger, connection.watch.deadline]) {
    if (one !== undefined) deadlines.clear(one);
  }
  tellDue(connection);
  breakAll(connection, connection.fault);
  connection.socket.destroy();
  connection.options.onClosed?.(connection.fault);
};

/**
 * What is due after each read and each flush, when no one's call is in the middle of anything:
 * the ends of streams that could not be told at once, room for requests, the connection's own end.
 */
export const settle = (connection: Connection): void => {
  if (connection.due.length > 0) tellDue(connection);
  if (connection.phase === "closing" || connection.phase === "closed") return;
  if (connection.client !== undefined) settleClient(connection);
  if (connection.farewellDue && connection.farewell === "announced") {
    sayFarewell(connection, errorCodes.NO_ERROR, "");
  }
  if (connection.peerLeaves && connection.phase === "open") leave(connection, 0, "");
  const isDrained = connection.streams.size === 0 && connection.farewell === "said";
  if (isDrained) end(connection);
};

const tellDue = (connection: Connection): void => {
  for (const { stream, fault } of connection.due.splice(0)) {
    stream.events.broken(stream.attached, fault);
  }
};

const settleClient = (connection: Connection): void => {
  const { client } = connection;
  if (connection.peerLeaves && connection.phase === "open") {
    leave(connection, 0, "");
    client?.onDraining?.();
  }
  if (!connection.wasFull || connection.streams.size >= connection.peerStreams) return;
  connection.wasFull = false;
  client?.onRoom?.();
};

/** What a fault found while reading does to the connection. */
export const failBy = (connection: Connection, error: unknown): void => {
  if (error instanceof Http2Error) fail(connection, error.code, error.message);
  else fail(connection, errorCodes.INTERNAL_ERROR, `a defect: ${String(error)}`);
};
