/** Whether what a connection of ours sends is HTTP/2 in good order. */
import { frameTypes, preface } from "../../runtime/http2/frames.ts";
import { type Decoder, decodeBlock, makeDecoder } from "../../runtime/http2/hpack-decode.ts";
import { type Frame, makeFrames } from "../runtime/http2/wire.ts";

export type Judge = {
  /** Takes what was sent; throws an Error that says what is wrong with it. */
  take(bytes: Buffer): void;
  /** The code of the last GOAWAY; undefined if there was none. */
  goAway(): number | undefined;
  /** Answers to PING so far. */
  pongs(): number;
};

type Sent = { head: boolean; end: boolean; reset: boolean };

type State = {
  readonly streams: Map<number, Sent>;
  readonly decoder: Decoder;
  goAway: number | undefined;
  pongs: number;
  settings: number;
};

export const makeJudge = (role: "server" | "client"): Judge => {
  const state: State = {
    streams: new Map(),
    decoder: makeDecoder(1_000_000),
    goAway: undefined,
    pongs: 0,
    settings: 0,
  };
  const cut = makeFrames();
  let skip = role === "client" ? preface.length : 0;
  return {
    take: (bytes) => {
      const skipped = Math.min(skip, bytes.length);
      skip -= skipped;
      for (const one of cut(bytes.subarray(skipped))) judge(state, one);
    },
    goAway: () => state.goAway,
    pongs: () => state.pongs,
  };
};

const judge = (state: State, one: Frame): void => {
  const { type, flags, id, payload } = one;
  want(state.settings > 0 || type === frameTypes.settings, "starts with SETTINGS");
  if (type === frameTypes.settings) state.settings += 1;
  else if (type === frameTypes.ping) state.pongs += flags & 1;
  else if (type === frameTypes.goAway) state.goAway = payload.readUInt32BE(4);
  else if (type === frameTypes.windowUpdate) {
    want(payload.readUInt32BE() > 0, "gives some window");
    if (id > 0)
      want(state.streams.get(id)?.reset !== true, `gives window to ${id} after its reset`);
  } else judgeStream(state, one);
};

const judgeStream = (state: State, { type, flags, id, payload }: Frame): void => {
  want(id > 0 && id % 2 === 1, `sends a frame of type ${type} on ${id}`);
  const sent = state.streams.get(id) ?? { head: false, end: false, reset: false };
  state.streams.set(id, sent);
  want(!sent.reset, `sends a frame of type ${type} on ${id} after its reset`);
  if (type === frameTypes.reset) {
    sent.reset = true;
    return;
  }
  want(type === frameTypes.data || type === frameTypes.headers, `sends type ${type}`);
  want(!state.goAway, "sends on after a GOAWAY that ends the connection");
  want(!sent.end, `sends a frame of type ${type} on ${id} after its end`);
  if (type === frameTypes.headers) {
    want((flags & 4) === 4, "sends whole blocks");
    decodeBlock(state.decoder, payload, 0, payload.length);
    want(!sent.head || (flags & 1) === 1, "ends with its trailers");
  } else want(sent.head, "sends the head before the body");
  sent.head = true;
  sent.end = (flags & 1) === 1;
};

const want = (isTrue: boolean, what: string): void => {
  if (!isTrue) throw new Error(`ours does not keep to this: ${what}`);
};
