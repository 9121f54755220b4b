import { afterEach, describe, expect, it } from "@jest/globals";
import { errorCodes } from "../../../runtime/http2/error-codes.ts";
import { attach, pause, reset, resume, sendData, sendFields } from "../../../runtime/http2/send.ts";
import type { Fault, Fields, Stream } from "../../../runtime/http2/types.ts";
import {
  block,
  data,
  frame,
  frameTypes,
  goAway,
  headers,
  none,
  ping,
  preface,
  type RawPeer,
  request,
  requestBlock,
  rst,
  type Served,
  serveRaw,
  settingIds,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from "./wire.ts";

const opened: Served[] = [];
const serve = async (part: Parameters<typeof serveRaw>[0] = {}): Promise<Served> => {
  const served = await serveRaw(part);
  opened.push(served);
  return served;
};
afterEach(() => {
  for (const served of opened.splice(0)) served.close();
});

const ok = [":status", "200"];

/** Takes all of a request, and answers its size when it has ended. */
type Taken = { readonly stream: Stream; bytes: number; readonly seen: unknown[] };
const counting = {
  fields: (taken: Taken, fields: Fields, end: boolean): void => {
    taken.seen.push({ fields, end });
    if (end) finish(taken);
  },
  data: (taken: Taken, chunk: Buffer, end: boolean): void => {
    taken.bytes += chunk.length;
    if (end) finish(taken);
  },
  broken: (taken: Taken, fault: Fault): void => {
    taken.seen.push(fault);
  },
};
const finish = ({ stream, bytes }: Taken): void => {
  sendFields(stream, ok, false);
  sendData(stream, Buffer.from(String(bytes)), true);
};
const takeAll =
  (takens: Taken[] = []) =>
  (stream: Stream, _fields: Fields, end: boolean): void => {
    const taken = { stream, bytes: 0, seen: [] };
    takens.push(taken);
    attach(stream, counting, taken);
    if (end) finish(taken);
  };

/** The code of the GOAWAY, or of the RST_STREAM, that comes. */
const verdict = async (raw: RawPeer): Promise<string> => {
  const { type, payload, id } = await raw.find(
    (one) =>
      one.type === frameTypes.reset || (one.type === frameTypes.goAway && one.payload[7] !== 0),
  );
  const code = payload.readUInt32BE(type === frameTypes.reset ? 0 : 4);
  const name = Object.entries(errorCodes).find(([, value]) => value === code)?.[0];
  return type === frameTypes.reset ? `${name} on ${id}` : `${name}`;
};

const requestWith = (...more: string[]): Buffer => headers(1, 0x5, block(...request, ...more));
const open = headers(1, 0x4);
const half = requestBlock.subarray(0, 5);
const rest = requestBlock.subarray(5);

describe("serveHttp2, where the peer is at fault", () => {
  it.each<{ name: string; sent: Buffer[]; want: string; before?: Buffer }>([
    {
      name: "another preface",
      before: Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      sent: [],
      want: "PROTOCOL_ERROR",
    },
    { name: "another first frame", before: preface, sent: [ping()], want: "PROTOCOL_ERROR" },
    {
      name: "a frame that is too large",
      sent: [data(1, Buffer.alloc(16_385))],
      want: "FRAME_SIZE_ERROR",
    },
    { name: "an even stream", sent: [headers(2)], want: "PROTOCOL_ERROR" },
    { name: "a stream below the last", sent: [headers(5), headers(3)], want: "PROTOCOL_ERROR" },
    { name: "HEADERS on stream 0", sent: [headers(0)], want: "PROTOCOL_ERROR" },
    { name: "HEADERS after the end", sent: [headers(1), headers(1)], want: "STREAM_CLOSED" },
    { name: "DATA on stream 0", sent: [data(0, none)], want: "PROTOCOL_ERROR" },
    { name: "DATA before HEADERS", sent: [data(1, none)], want: "PROTOCOL_ERROR" },
    { name: "DATA after a reset", sent: [open, rst(1, 8), data(1, none)], want: "STREAM_CLOSED" },
    {
      name: "DATA whose padding is longer",
      sent: [open, data(1, Buffer.from([5, 0]), 0x8)],
      want: "PROTOCOL_ERROR",
    },
    {
      name: "DATA without room for its padding",
      sent: [open, data(1, none, 0x8)],
      want: "FRAME_SIZE_ERROR",
    },
    {
      name: "more than content-length",
      sent: [headers(1, 0x4, block(...request, "content-length", "1")), data(1, Buffer.alloc(2))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "less than content-length",
      sent: [
        headers(1, 0x4, block(...request, "content-length", "2")),
        data(1, Buffer.alloc(1), 1),
      ],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "content-length without a body",
      sent: [requestWith("content-length", "2")],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "two content-lengths",
      sent: [requestWith("content-length", "2", "content-length", "3")],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a content-length that is no number",
      sent: [requestWith("content-length", "-1")],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "trailers without an end",
      sent: [open, headers(1, 0x4, block("a", "b"))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "trailers with a pseudo-field",
      sent: [open, headers(1, 0x5, block(":path", "b"))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "no :path",
      sent: [headers(1, 5, block(":method", "GET", ":scheme", "http"))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "an empty :path",
      sent: [headers(1, 5, block(":method", "GET", ":scheme", "http", ":path", ""))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "two :paths",
      sent: [headers(1, 5, block(":path", "/a", ...request))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a :status in a request",
      sent: [headers(1, 5, block(...request, ":status", "200"))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a late pseudo-field",
      sent: [headers(1, 5, block("a", "b", ...request))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "an unknown pseudo-field",
      sent: [headers(1, 5, Buffer.concat([Buffer.from("00023a610162", "hex"), requestBlock]))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a capital in a name",
      sent: [headers(1, 5, Buffer.concat([requestBlock, Buffer.from("0001410162", "hex")]))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a line's end in a value",
      sent: [headers(1, 5, Buffer.concat([requestBlock, Buffer.from("000161010a", "hex")]))],
      want: "PROTOCOL_ERROR on 1",
    },
    { name: "connection", sent: [requestWith("connection", "close")], want: "PROTOCOL_ERROR on 1" },
    {
      name: "transfer-encoding",
      sent: [requestWith("transfer-encoding", "chunked")],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "te that is not trailers",
      sent: [requestWith("te", "gzip")],
      want: "PROTOCOL_ERROR on 1",
    },
    { name: "another host", sent: [requestWith("host", "c")], want: "PROTOCOL_ERROR on 1" },
    {
      name: "CONNECT with a :path",
      sent: [headers(1, 5, block(":method", "CONNECT", ":path", "/", ":authority", "a"))],
      want: "PROTOCOL_ERROR on 1",
    },
    {
      name: "a block that is no HPACK",
      sent: [headers(1, 5, Buffer.from([0x80]))],
      want: "COMPRESSION_ERROR",
    },
    {
      name: "a block that is broken off",
      sent: [headers(1, 0x1, half), ping()],
      want: "PROTOCOL_ERROR",
    },
    {
      name: "a block that goes on elsewhere",
      sent: [headers(1, 0x1, half), frame(9, 4, 3, rest)],
      want: "PROTOCOL_ERROR",
    },
    { name: "CONTINUATION of nothing", sent: [frame(9, 4, 1, rest)], want: "PROTOCOL_ERROR" },
    {
      name: "a stream that depends on itself",
      sent: [frame(1, 0x25, 1, Buffer.concat([uint32(1), Buffer.from([0]), requestBlock]))],
      want: "PROTOCOL_ERROR",
    },
    { name: "PRIORITY of odd length", sent: [frame(2, 0, 1, uint32(3))], want: "FRAME_SIZE_ERROR" },
    {
      name: "PRIORITY on stream 0",
      sent: [frame(2, 0, 0, Buffer.alloc(5))],
      want: "PROTOCOL_ERROR",
    },
    { name: "a reset before HEADERS", sent: [rst(1, 8)], want: "PROTOCOL_ERROR" },
    {
      name: "a reset of odd length",
      sent: [open, frame(3, 0, 1, Buffer.alloc(3))],
      want: "FRAME_SIZE_ERROR",
    },
    { name: "SETTINGS for a stream", sent: [frame(4, 0, 1)], want: "PROTOCOL_ERROR" },
    {
      name: "SETTINGS of odd length",
      sent: [frame(4, 0, 0, Buffer.alloc(5))],
      want: "FRAME_SIZE_ERROR",
    },
    {
      name: "an acknowledgement with a payload",
      sent: [frame(4, 1, 0, Buffer.alloc(6))],
      want: "FRAME_SIZE_ERROR",
    },
    {
      name: "ENABLE_PUSH of 2",
      sent: [settings([settingIds.enablePush, 2])],
      want: "PROTOCOL_ERROR",
    },
    {
      name: "a first window too large",
      sent: [settings([settingIds.initialWindowSize, 2 ** 31])],
      want: "FLOW_CONTROL_ERROR",
    },
    {
      name: "frames too small",
      sent: [settings([settingIds.maxFrameSize, 16_383])],
      want: "PROTOCOL_ERROR",
    },
    { name: "PUSH_PROMISE", sent: [frame(5, 4, 1, uint32(2))], want: "PROTOCOL_ERROR" },
    { name: "PING for a stream", sent: [frame(6, 0, 1, Buffer.alloc(8))], want: "PROTOCOL_ERROR" },
    {
      name: "PING of odd length",
      sent: [frame(6, 0, 0, Buffer.alloc(7))],
      want: "FRAME_SIZE_ERROR",
    },
    {
      name: "GOAWAY for a stream",
      sent: [frame(7, 0, 1, Buffer.alloc(8))],
      want: "PROTOCOL_ERROR",
    },
    {
      name: "GOAWAY that is too short",
      sent: [frame(7, 0, 0, Buffer.alloc(7))],
      want: "FRAME_SIZE_ERROR",
    },
    { name: "WINDOW_UPDATE of nothing", sent: [windowUpdate(0, 0)], want: "PROTOCOL_ERROR" },
    {
      name: "WINDOW_UPDATE of nothing for a stream",
      sent: [open, windowUpdate(1, 0)],
      want: "PROTOCOL_ERROR on 1",
    },
    { name: "WINDOW_UPDATE before HEADERS", sent: [windowUpdate(1, 1)], want: "PROTOCOL_ERROR" },
    {
      name: "WINDOW_UPDATE of odd length",
      sent: [frame(8, 0, 0, Buffer.alloc(3))],
      want: "FRAME_SIZE_ERROR",
    },
    {
      name: "a connection's window too large",
      sent: [windowUpdate(0, 2 ** 31 - 1)],
      want: "FLOW_CONTROL_ERROR",
    },
    {
      name: "a stream's window too large",
      sent: [open, windowUpdate(1, 2 ** 31 - 1)],
      want: "FLOW_CONTROL_ERROR on 1",
    },
    {
      name: "a stream's window too large by SETTINGS",
      sent: [open, windowUpdate(1, 2 ** 31 - 1 - 65_535), settings([4, 65_536])],
      want: "FLOW_CONTROL_ERROR",
    },
  ])("answers $name", async ({ sent, want, before }) => {
    const { raw } = await serve({ silent: before !== undefined, onStream: takeAll() });
    raw.send(...(before === undefined ? [] : [before]), ...sent);
    expect(await verdict(raw)).toBe(want);
    if (want.includes(" on ")) {
      raw.send(ping(Buffer.from("still up")));
      expect((await raw.next(frameTypes.ping)).payload.toString()).toBe("still up");
    } else await raw.closed();
  });

  it("tells the user of a stream, once, and closes when the connection is at fault", async () => {
    const takens: Taken[] = [];
    const { raw, fault, connection } = await serve({ onStream: takeAll(takens) });
    raw.send(headers(1, 0x4), headers(3, 0x4), rst(1, 8), data(0, none));
    await raw.closed();
    expect(takens.map(({ seen }) => seen)).toMatchObject([
      [{ code: 8, from: "peer", unprocessed: false }],
      [{ code: errorCodes.PROTOCOL_ERROR, from: "connection", unprocessed: false }],
    ]);
    expect(await fault).toMatchObject({ code: errorCodes.PROTOCOL_ERROR, from: "here" });
    expect(connection.inWork()).toBe(0);
  });
});

describe("serveHttp2", () => {
  const answerOf = async (raw: RawPeer, id: number): Promise<string> => {
    await raw.find((one) => one.id === id && one.type === 0 && (one.flags & 1) === 1);
    const bodies = raw.frames.filter((one) => one.id === id && one.type === 0);
    return Buffer.concat(bodies.map(({ payload }) => payload)).toString();
  };

  it("takes requests however their bytes come", async () => {
    const body = Buffer.alloc(1000, 7);
    const sent = Buffer.concat([
      headers(1, 0x1, half),
      frame(9, 0, 1, rest.subarray(0, 3)),
      frame(9, 4, 1, rest.subarray(3)),
      headers(3, 0x4),
      data(3, body),
      frame(0xbb, 0xff, 3, body), // of a type yet to be invented
      data(3, Buffer.concat([Buffer.from([200]), body, Buffer.alloc(200)]), 0x8 | 0x1),
      frame(
        1,
        0x2c,
        5,
        Buffer.concat([
          Buffer.from([3]),
          uint32(3),
          Buffer.from([9]),
          requestBlock,
          Buffer.alloc(3),
        ]),
      ),
      data(5, body),
      headers(5, 0x5, block("trailer", "1")),
    ]);
    for (const size of [1, 2, 9, 10, 100, sent.length]) {
      const takens: Taken[] = [];
      const { raw } = await serve({ onStream: takeAll(takens) });
      for (let at = 0; at < sent.length; at += size) raw.send(sent.subarray(at, at + size));
      expect(await Promise.all([1, 3, 5].map((id) => answerOf(raw, id)))).toEqual([
        "0",
        "2000",
        "1000",
      ]);
      expect(takens[2]?.seen).toEqual([{ fields: ["trailer", "1"], end: true }]);
    }
  });

  it("sends no more than the windows allow, and goes on as they open", async () => {
    const body = Buffer.alloc(100_000, 1);
    const told: string[] = [];
    const streams: Stream[] = [];
    const { raw } = await serve({
      onStream: (stream) => {
        attach(
          stream,
          { ...counting, room: () => told.push("room"), sent: () => told.push("sent") },
          { stream, bytes: 0, seen: [] },
        );
        streams.push(stream);
        sendFields(stream, ok, false);
        told.push(String(sendData(stream, body, false)));
        sendFields(stream, ["grpc-status", "0"], true);
      },
    });
    const taken = (): number =>
      raw.frames
        .filter(({ type }) => type === 0)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    const settle = async (mark: string): Promise<number> => {
      raw.send(ping(Buffer.from(mark)));
      await raw.find(
        ({ type, payload }) => type === frameTypes.ping && payload.toString() === mark,
      );
      return taken();
    };
    raw.send(settings([settingIds.initialWindowSize, 1000]), headers(1));
    expect(await settle("-first--")).toBe(1000);
    raw.send(settings([settingIds.initialWindowSize, 500]), windowUpdate(1, 500));
    expect(await settle("negative")).toBe(1000); // -500 + 500
    raw.send(windowUpdate(1, 1));
    expect(await settle("-by one-")).toBe(1001);
    raw.send(windowUpdate(1, 2 ** 30));
    expect(await settle("connect-")).toBe(65_535);
    raw.send(windowUpdate(0, 100_000));
    await raw.find(({ id, type, flags }) => id === 1 && type === 1 && flags === 5);
    expect(taken()).toBe(100_000);
    expect(told).toEqual(["false", "sent"]); // no room is needed after the trailers
  });

  it("gives window as it is used up, and none to a stream that is paused", async () => {
    const takens: Taken[] = [];
    const { raw } = await serve({
      limits: { streamWindowBytes: 65_535, connectionWindowBytes: 200_000 },
      onStream: takeAll(takens),
    });
    const chunk = Buffer.alloc(16_384);
    const fill = (id: number): Buffer[] => [0, 1, 2].map(() => data(id, chunk));
    raw.send(headers(1, 0x4), ...fill(1));
    expect((await raw.find(({ type, id }) => type === 8 && id === 1)).payload.readUInt32BE()).toBe(
      32_768,
    );
    const [first] = takens;
    if (first === undefined) throw new Error("no request came");
    pause(first.stream);
    raw.send(data(1, chunk), headers(3, 0x4), ...fill(3));
    await raw.find(({ type, id }) => type === 8 && id === 3);
    expect(raw.frames.filter(({ type, id }) => type === 8 && id === 1)).toHaveLength(1);
    resume(first.stream);
    await raw.find(
      (one) =>
        one.type === 8 &&
        one.id === 1 &&
        one !== raw.frames.find(({ type, id }) => type === 8 && id === 1),
    );
    // the connection's: 200,000 at once at the start, the rest as it is used
    const given = raw.frames
      .filter(({ type, id }) => type === 8 && id === 0)
      .map(({ payload }) => payload.readUInt32BE());
    expect(given).toEqual([200_000 - 65_535, 114_688]);
  });

  it.each([
    { name: "a stream's", limits: { streamWindowBytes: 65_535 }, want: "FLOW_CONTROL_ERROR on 1" },
    {
      name: "the connection's",
      limits: { connectionWindowBytes: 65_535 },
      want: "FLOW_CONTROL_ERROR",
    },
  ])("takes no more than $name window", async ({ limits, want }) => {
    const { raw } = await serve({ limits, onStream: (stream) => pause(stream) });
    raw.send(headers(1, 0x4), headers(3, 0x4));
    if (want === "FLOW_CONTROL_ERROR") {
      // the connection's window is given back at once: half of it at a time
      raw.send(...[1, 2, 3, 4].map(() => data(1, Buffer.alloc(16_384))));
      await raw.find(({ type, id }) => type === 8 && id === 0);
      return;
    }
    raw.send(...[1, 2, 3, 4].map(() => data(1, Buffer.alloc(16_384))));
    expect(await verdict(raw)).toBe(want);
  });

  it("answers early and gives the rest of the request up", async () => {
    const { raw } = await serve({
      onStream: (stream) => sendFields(stream, [":status", "404"], true),
    });
    raw.send(headers(1, 0x4));
    expect(await verdict(raw)).toBe("NO_ERROR on 1");
    raw.send(data(1, Buffer.alloc(10)), headers(1, 0x5, block("a", "b")), headers(3, 0x5));
    await raw.find(({ type, id }) => type === 1 && id === 3); // what was on its way does no harm
  });

  it("resets a stream and hears no more of it", async () => {
    const takens: Taken[] = [];
    const { raw, connection } = await serve({
      onStream: (stream, fields, end) => {
        takeAll(takens)(stream, fields, end);
        reset(stream, errorCodes.CANCEL);
        sendFields(stream, ok, false);
        expect(sendData(stream, Buffer.from("x"), true)).toBe(true);
      },
    });
    raw.send(headers(1, 0x4), data(1, Buffer.alloc(5)), data(1, Buffer.alloc(5), 1));
    expect(await verdict(raw)).toBe("CANCEL on 1");
    raw.send(ping());
    await raw.next(frameTypes.ping);
    expect([takens[0]?.seen, takens[0]?.bytes, connection.inWork()]).toEqual([[], 0, 0]);
    expect(raw.frames.filter(({ type }) => type < 2)).toEqual([]);
  });

  it("says farewell in two steps, and lets what is in work come to its end", async () => {
    const takens: Taken[] = [];
    const { raw, connection, fault } = await serve({ onStream: takeAll(takens) });
    raw.send(headers(1, 0x4));
    raw.send(ping());
    await raw.next(frameTypes.ping);
    connection.goAway();
    const first = await raw.next(frameTypes.goAway);
    expect([first.payload.readUInt32BE(0), first.payload.readUInt32BE(4)]).toEqual([
      2 ** 31 - 1,
      0,
    ]);
    const back = await raw.find(({ type, flags }) => type === frameTypes.ping && flags === 0);
    raw.send(headers(3)); // had not heard of it
    raw.send(ping(back.payload, 1));
    const last = await raw.find(
      ({ type, payload }) => type === frameTypes.goAway && payload[0] === 0,
    );
    expect([last.payload.readUInt32BE(0), last.payload.readUInt32BE(4)]).toEqual([3, 0]);
    raw.send(headers(5), data(5, none, 1), data(1, Buffer.alloc(3), 1));
    expect([await answerOf(raw, 1), await answerOf(raw, 3)]).toEqual(["3", "0"]);
    await raw.closed();
    expect(raw.frames.filter(({ id }) => id === 5)).toEqual([]);
    expect(await fault).toMatchObject({ code: 0 });
  });

  it("closes when its peer leaves and nothing is in work", async () => {
    const { raw, fault } = await serve({ onStream: takeAll() });
    raw.send(headers(1), goAway(0, 0));
    await raw.closed();
    expect(await answerOf(raw, 1)).toBe("0");
    expect(await fault).toMatchObject({ code: 0 });
  });

  it("reproaches its peer with a code and a reason", async () => {
    const { raw, connection } = await serve();
    raw.send(settingsAck);
    connection.goAway(errorCodes.ENHANCE_YOUR_CALM, "too many connections");
    const { payload } = await raw.next(frameTypes.goAway);
    expect([payload.readUInt32BE(4), payload.subarray(8).toString()]).toEqual([
      11,
      "too many connections",
    ]);
    await raw.closed();
  });

  it("breaks what is in work when it is destroyed", async () => {
    const takens: Taken[] = [];
    const { raw, connection, fault } = await serve({ onStream: takeAll(takens) });
    raw.send(headers(1, 0x4), ping());
    await raw.next(frameTypes.ping);
    connection.destroy();
    expect(takens[0]?.seen).toMatchObject([{ from: "connection" }]);
    expect(await fault).toMatchObject({ from: "connection" });
    await raw.closed();
  });

  it("ends the connection for a defect of its user's", async () => {
    const { raw, fault } = await serve({
      onStream: () => {
        throw new Error("of ours");
      },
    });
    raw.send(headers(1));
    expect(await verdict(raw)).toBe("INTERNAL_ERROR");
    expect(await fault).toMatchObject({ code: errorCodes.INTERNAL_ERROR });
  });
});
