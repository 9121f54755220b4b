import type { Http2Limits } from "./types.ts";

/**
 * What a connection bounds when nothing else is asked for. Chosen so that no client of gRPC meets
 * one of them in good faith, and that what a hostile one can make us keep stays small.
 */
export const defaultHttp2Limits: Http2Limits = {
  concurrentStreams: 1000,
  headerListBytes: 65_536,
  headerTableBytes: 4096,
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 8_388_608,
  frameBytes: 16_384,
  streamOutputBytes: 4_194_304,
  connectionOutputBytes: 67_108_864,
  controlFrames: 1000,
  idleFrames: 2000,
  idleFramesSpanMs: 10_000,
  resets: 200,
  resetSpanMs: 30_000,
  settingsMs: 10_000,
  idleMs: 0,
  stallMs: 60_000,
  keepAliveMs: 60_000,
  keepAliveTimeoutMs: 20_000,
  lingerMs: 1000,
};
