/** Whole frames, by their type. DATA is in `receive-data.ts`: it is not kept until it is whole. */
import { errorCodes, errorName, Http2Error } from "./error-codes.ts";
import { countControlFrame, countIdleFrame, countLostStream } from "./floods.ts";
import { flags, frameTypes, headBytes, maxWindowBytes } from "./frames.ts";
import { makeRoom, putBody, putHead } from "./output.ts";
import { receiveContinuation, receiveHeaders } from "./receive-fields.ts";
import { wait } from "./sending.ts";
import { receiveSettings } from "./settings.ts";
import type { Connection } from "./state.ts";
import { breakStream, closeStream, fateOf, tellBroken } from "./streams.ts";

/** Takes the frame in `connection.reader`. */
export const receive = (connection: Connection): void => {
  const { reader } = connection;
  switch (reader.type) {
    case frameTypes.headers:
      receiveHeaders(connection);
      return;
    case frameTypes.continuation:
      receiveContinuation(connection);
      return;
    case frameTypes.windowUpdate:
      receiveWindowUpdate(connection);
      return;
    case frameTypes.reset:
      receiveReset(connection);
      return;
    case frameTypes.settings:
      receiveSettings(connection);
      return;
    case frameTypes.ping:
      receivePing(connection);
      return;
    case frameTypes.goAway:
      receiveGoAway(connection);
      return;
    case frameTypes.priority:
      receivePriority(connection);
      return;
    case frameTypes.pushPromise:
      throw new Http2Error("PROTOCOL_ERROR", "PUSH_PROMISE was not allowed");
    default:
      countIdleFrame(connection); // unknown types are to be ignored
  }
};

const wantLength = ({ reader }: Connection, bytes: number): void => {
  if (reader.to - reader.from === bytes) return;
  throw new Http2Error("FRAME_SIZE_ERROR", `a frame of type ${reader.type} has ${bytes} bytes`);
};

const receiveWindowUpdate = (connection: Connection): void => {
  const { reader } = connection;
  wantLength(connection, 4);
  countIdleFrame(connection);
  const more = reader.bytes.readUInt32BE(reader.from) & 0x7fff_ffff;
  if (reader.id === 0) {
    if (more === 0) throw new Http2Error("PROTOCOL_ERROR", "WINDOW_UPDATE of nothing");
    connection.windowOut += more;
    if (connection.windowOut > maxWindowBytes) {
      throw new Http2Error("FLOW_CONTROL_ERROR", "the connection's window became too large");
    }
    return;
  }
  const stream = connection.streams.get(reader.id);
  if (stream === undefined) {
    wantOpened(connection);
    return;
  }
  stream.windowOut += more;
  if (more === 0) breakStream(stream, errorCodes.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing");
  else if (stream.windowOut > maxWindowBytes) {
    breakStream(stream, errorCodes.FLOW_CONTROL_ERROR, "the window became too large");
  } else wait(stream);
};

/** A frame for a stream that was never opened is a fault. */
const wantOpened = (connection: Connection): void => {
  const { reader } = connection;
  if (reader.id !== 0 && fateOf(connection, reader.id) !== "idle") return;
  throw new Http2Error("PROTOCOL_ERROR", `a frame of type ${reader.type} for no stream`);
};

const receiveReset = (connection: Connection): void => {
  const { reader } = connection;
  wantLength(connection, 4);
  const stream = connection.streams.get(reader.id);
  if (stream === undefined) {
    wantOpened(connection);
    countIdleFrame(connection);
    return;
  }
  const code = reader.bytes.readUInt32BE(reader.from);
  const unprocessed = code === errorCodes.REFUSED_STREAM && !stream.headIn;
  stream.endIn = true; // nothing may follow
  closeStream(stream);
  const reason = `the peer has reset the stream: ${errorName(code)}`;
  tellBroken(stream, { code, from: "peer", unprocessed, reason });
  if (connection.server !== undefined) countLostStream(connection);
};

/** The PING of a farewell: when it comes back, the peer has read the first GOAWAY. */
export const farewellPing = Buffer.from("farewell", "latin1");
export const keepAlivePing = Buffer.from("stillup?", "latin1");

const receivePing = (connection: Connection): void => {
  const { reader } = connection;
  wantLength(connection, 8);
  countIdleFrame(connection);
  if (reader.id !== 0) throw new Http2Error("PROTOCOL_ERROR", "PING for a stream");
  if ((reader.flags & flags.ack) === 0) {
    countControlFrame(connection);
    makeRoom(connection, headBytes + 8);
    putHead(connection.output, 8, (frameTypes.ping << 8) | flags.ack, 0);
    putBody(connection, reader.bytes, reader.from, reader.to);
  } else if (
    connection.farewell === "announced" &&
    farewellPing.compare(reader.bytes, reader.from, reader.to) === 0
  ) {
    connection.farewellDue = true;
  }
};

const receiveGoAway = (connection: Connection): void => {
  const { reader } = connection;
  if (reader.id !== 0) throw new Http2Error("PROTOCOL_ERROR", "GOAWAY for a stream");
  if (reader.to - reader.from < 8) throw new Http2Error("FRAME_SIZE_ERROR", "GOAWAY is too short");
  countIdleFrame(connection);
  const lastId = reader.bytes.readUInt32BE(reader.from) & 0x7fff_ffff;
  const code = reader.bytes.readUInt32BE(reader.from + 4);
  const debug = reader.bytes.toString(
    "latin1",
    reader.from + 8,
    Math.min(reader.to, reader.from + 8 + mostDebugBytes),
  );
  const reason = `the peer has gone away: ${errorName(code)}${debug === "" ? "" : ` (${debug})`}`;
  connection.peerLeaves = true;
  if (code !== errorCodes.NO_ERROR)
    connection.fault ??= { code, from: "peer", unprocessed: false, reason };
  if (connection.client === undefined) return;
  const above = [...connection.streams.values()].filter(({ id }) => id > lastId);
  for (const stream of above) tellBroken(stream, { code, from: "peer", unprocessed: true, reason });
};
const mostDebugBytes = 200;

/** Not heeded, but for what would be a fault. Source: RFC 9113, 5.3.2 and 6.3. */
const receivePriority = (connection: Connection): void => {
  const { reader } = connection;
  countIdleFrame(connection);
  if (reader.id === 0) throw new Http2Error("PROTOCOL_ERROR", "PRIORITY without a stream");
  wantLength(connection, 5);
  if ((reader.bytes.readUInt32BE(reader.from) & 0x7fff_ffff) !== reader.id) return;
  throw new Http2Error("PROTOCOL_ERROR", "a stream depends on itself");
};
