/**
 * The times of a connection: one deadline that comes back, and compares counters with what they
 * were. Nothing on the path of a request reads the clock. A time is kept to a quarter of itself.
 */
import type { Deadlines } from "../deadlines.ts";
import { close, fail, leave, settle } from "./closing.ts";
import { errorCodes } from "./error-codes.ts";
import { frameTypes, headBytes } from "./frames.ts";
import { makeRoom, putBody, putHead } from "./output.ts";
import { keepAlivePing } from "./receive.ts";
import type { Connection, Watch } from "./state.ts";
import { giveUp } from "./streams.ts";
import type { Http2Limits } from "./types.ts";

export const makeWatch = (): Watch => ({
  deadline: undefined,
  now: 0,
  sweptAt: performance.now(),
  seenReads: 0,
  heardAt: 0,
  pingedAt: -1,
  seenOpened: 0,
  busyAt: 0,
  seenSent: 0,
  seenWaiting: 0,
  movedAt: 0,
});

export const startWatch = (connection: Connection, deadlines: Deadlines): void => {
  const everyMs = sweepEveryMs(connection.limits);
  const sweepAndSet = (): void => {
    if (connection.phase === "closed") return;
    connection.watch.deadline = deadlines.set(everyMs, sweepAndSet);
    passTime(connection.watch, everyMs);
    sweep(connection);
  };
  connection.watch.deadline = deadlines.set(everyMs, sweepAndSet);
};

/**
 * A process that stood still, as its machine slept, has not read yet what peers said meanwhile: that
 * time counts as a sweep or two, and the next one knows.
 */
const passTime = (watch: Watch, everyMs: number): void => {
  const wall = performance.now();
  watch.now += Math.min(wall - watch.sweptAt, 2 * everyMs);
  watch.sweptAt = wall;
};

const longestSweepMs = 5000;

const sweepEveryMs = (limits: Http2Limits): number => {
  const { settingsMs, idleMs, stallMs, keepAliveMs, keepAliveTimeoutMs } = limits;
  const times = [settingsMs, idleMs, stallMs, keepAliveMs, keepAliveTimeoutMs];
  return Math.min(longestSweepMs, ...times.filter((ms) => ms > 0).map((ms) => ms / 4));
};

const sweep = (connection: Connection): void => {
  if (connection.phase === "closing") return; // `lingerMs` runs
  const { now } = connection.watch;
  checkSettings(connection, now);
  checkAlive(connection, now);
  checkIdle(connection, now);
  checkStalled(connection, now);
  settle(connection);
};

const checkSettings = (connection: Connection, now: number): void => {
  if (connection.peerSettled && connection.settled) return;
  const { settingsMs } = connection.limits;
  if (now < settingsMs) return;
  if (connection.reached)
    fail(connection, errorCodes.SETTINGS_TIMEOUT, "the peer's SETTINGS did not come");
  else close(connection, `no connection within ${settingsMs} ms`);
};

const checkAlive = (connection: Connection, now: number): void => {
  const { watch, reads } = connection;
  const { keepAliveMs, keepAliveTimeoutMs } = connection.limits;
  if (watch.seenReads !== reads) {
    watch.seenReads = reads;
    watch.heardAt = now;
    watch.pingedAt = -1;
  } else if (watch.pingedAt >= 0) {
    if (now - watch.pingedAt >= keepAliveTimeoutMs) close(connection, "the peer does not answer");
  } else if (keepAliveMs > 0 && now - watch.heardAt >= keepAliveMs) {
    watch.pingedAt = now;
    makeRoom(connection, headBytes + 8);
    putHead(connection.output, 8, frameTypes.ping << 8, 0);
    putBody(connection, keepAlivePing, 0, keepAlivePing.length);
  }
};

const checkIdle = (connection: Connection, now: number): void => {
  const { watch, opened, streams } = connection;
  if (streams.size > 0 || watch.seenOpened !== opened) {
    watch.seenOpened = opened;
    watch.busyAt = now;
    return;
  }
  const { idleMs } = connection.limits;
  if (idleMs > 0 && now - watch.busyAt >= idleMs) leave(connection, errorCodes.NO_ERROR, "idle");
};

const checkStalled = (connection: Connection, now: number): void => {
  const { watch, socket, sentBytes, limits } = connection;
  const waiting = socket.writableLength;
  const moved = waiting === 0 || waiting < watch.seenWaiting || sentBytes !== watch.seenSent;
  watch.seenWaiting = waiting;
  watch.seenSent = sentBytes;
  if (moved) watch.movedAt = now;
  else if (now - watch.movedAt >= limits.stallMs) {
    close(connection, "the peer takes nothing of what it was sent");
    return;
  }
  if (connection.queuedBytes === 0) return;
  for (const stream of [...connection.streams.values()]) {
    if (stream.queue === undefined) continue;
    if (stream.stalledSince < 0) stream.stalledSince = now;
    else if (now - stream.stalledSince >= limits.stallMs) {
      giveUp(stream, errorCodes.CANCEL, "the peer gives no window for what it is sent");
    }
  }
};
