/** SETTINGS: ours at the start, and the peer's whenever they come. Source: RFC 9113, 6.5. */
import { Http2Error } from "./error-codes.ts";
import { countControlFrame, countIdleFrame } from "./floods.ts";
import {
  flags,
  frameTypes,
  headBytes,
  initialFrameBytes,
  initialWindowBytes,
  maxFrameBytes,
  maxWindowBytes,
  settingIds,
} from "./frames.ts";
import { limitTable } from "./hpack-decode.ts";
import { resizeEncoder } from "./hpack-encode.ts";
import { makeRoom, putHead, putUint16, putUint32 } from "./output.ts";
import { wait } from "./sending.ts";
import type { Connection } from "./state.ts";

/** Sends our SETTINGS and opens the connection's window. */
export const putSettings = (connection: Connection): void => {
  const { limits, server, output } = connection;
  const settings: [number, number][] = [
    server === undefined
      ? [settingIds.enablePush, 0]
      : [settingIds.maxConcurrentStreams, limits.concurrentStreams],
    [settingIds.headerTableSize, limits.headerTableBytes],
    [settingIds.initialWindowSize, limits.streamWindowBytes],
    [settingIds.maxFrameSize, limits.frameBytes],
    [settingIds.maxHeaderListSize, limits.headerListBytes],
  ];
  makeRoom(connection, headBytes + settings.length * settingBytes + headBytes + 4);
  putHead(output, settings.length * settingBytes, frameTypes.settings << 8, 0);
  for (const [id, value] of settings) {
    putUint16(output, id);
    putUint32(output, value);
  }
  const more = limits.connectionWindowBytes - initialWindowBytes;
  if (more <= 0) return;
  putHead(output, 4, frameTypes.windowUpdate << 8, 0);
  putUint32(output, more);
};
const settingBytes = 6;

export const receiveSettings = (connection: Connection): void => {
  const { reader } = connection;
  const length = reader.to - reader.from;
  countIdleFrame(connection);
  if (reader.id !== 0) throw new Http2Error("PROTOCOL_ERROR", "SETTINGS for a stream");
  if ((reader.flags & flags.ack) !== 0) {
    if (length > 0)
      throw new Http2Error("FRAME_SIZE_ERROR", "SETTINGS acknowledged with a payload");
    connection.settled = true;
    limitTable(connection.decoder, connection.limits.headerTableBytes);
    return;
  }
  if (length % settingBytes !== 0)
    throw new Http2Error("FRAME_SIZE_ERROR", "SETTINGS of odd length");
  if (!connection.peerSettled) connection.peerStreams = Number.POSITIVE_INFINITY; // unless it says
  connection.peerSettled = true;
  let windowBytes = connection.peerWindowBytes;
  for (let at = reader.from; at < reader.to; at += settingBytes) {
    const id = reader.bytes.readUInt16BE(at);
    const value = reader.bytes.readUInt32BE(at + 2);
    if (id === settingIds.initialWindowSize) windowBytes = value;
    takeSetting(connection, id, value);
  }
  moveWindows(connection, windowBytes - connection.peerWindowBytes);
  countControlFrame(connection);
  makeRoom(connection, headBytes);
  putHead(connection.output, 0, (frameTypes.settings << 8) | flags.ack, 0);
};

const takeSetting = (connection: Connection, id: number, value: number): void => {
  switch (id) {
    case settingIds.headerTableSize:
      resizeEncoder(connection.encoder, value);
      return;
    case settingIds.enablePush:
      if (value > 1 || (value === 1 && connection.server === undefined)) {
        throw new Http2Error("PROTOCOL_ERROR", "ENABLE_PUSH has a value it cannot have");
      }
      return;
    case settingIds.maxConcurrentStreams:
      connection.peerStreams = value;
      return;
    case settingIds.initialWindowSize:
      if (value > maxWindowBytes) {
        throw new Http2Error("FLOW_CONTROL_ERROR", "INITIAL_WINDOW_SIZE is too large");
      }
      return;
    case settingIds.maxFrameSize:
      if (value < initialFrameBytes || value > maxFrameBytes) {
        throw new Http2Error("PROTOCOL_ERROR", "MAX_FRAME_SIZE has a value it cannot have");
      }
      return; // ours stay small: one that is larger would not leave together with others
    default: // MAX_HEADER_LIST_SIZE is advice; others are to be ignored
  }
};

/** A new first window moves those of all streams, below zero if need be. Source: RFC 9113, 6.9.2. */
const moveWindows = (connection: Connection, by: number): void => {
  if (by === 0) return;
  connection.peerWindowBytes += by;
  for (const stream of connection.streams.values()) {
    stream.windowOut += by;
    if (stream.windowOut > maxWindowBytes) {
      throw new Http2Error("FLOW_CONTROL_ERROR", "a window became too large");
    }
    if (by > 0) wait(stream);
  }
};
