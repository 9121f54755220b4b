/** Each limit is met on purpose by a peer that means harm, or sleeps. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { errorCodes } from "../../../runtime/http2/error-codes.ts";
import { defaultHttp2Limits } from "../../../runtime/http2/limits.ts";
import { attach, sendData, sendFields } from "../../../runtime/http2/send.ts";
import type { Fault, Http2Limits, Stream } from "../../../runtime/http2/types.ts";
import {
  block,
  callRaw,
  data,
  frame,
  frameTypes,
  headers,
  none,
  ping,
  preface,
  request,
  requestBlock,
  rst,
  type Served,
  serveRaw,
  settingIds,
  settings,
  settingsAck,
  windowUpdate,
} from "./wire.ts";

const opened: { close(): void }[] = [];
const serve = async (part: Parameters<typeof serveRaw>[0] = {}): Promise<Served> => {
  const served = await serveRaw(part);
  opened.push(served);
  return served;
};
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(new Array(count).fill(bytes));

const silent = { fields: () => {}, data: () => {}, broken: () => {} };
/** Takes requests and never answers. */
const ponder = (stream: Stream): void => attach(stream, silent, undefined);
/** Answers at once, with so much. */
const answerWith =
  (bytes: number, faults: Fault[] = []) =>
  (stream: Stream): void => {
    attach(stream, { ...silent, broken: (_, fault) => faults.push(fault) }, undefined);
    sendFields(stream, [":status", "200"], false);
    sendData(stream, Buffer.alloc(bytes), true);
  };

describe("floods", () => {
  const openings = (count: number, after: (id: number) => Buffer): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, place) => {
        const id = 2 * place + 1;
        return Buffer.concat([headers(id, 0x4), after(id)]);
      }),
    );
  const malformed = block(":method", "GET");

  it.each<{ name: string; sent: Buffer; limits?: Partial<Http2Limits> }>([
    { name: "resets of streams just opened", sent: openings(201, (id) => rst(id, 8)) },
    {
      name: "faults for which we reset streams",
      sent: openings(201, (id) => windowUpdate(id, 0)),
    },
    {
      name: "malformed requests",
      sent: Buffer.concat(
        Array.from({ length: 201 }, (_, place) => headers(2 * place + 1, 0x5, malformed)),
      ),
    },
    {
      name: "requests beyond the limit of streams",
      limits: { concurrentStreams: 1 },
      sent: openings(202, () => none),
    },
    { name: "PING", sent: times(1001, ping()), limits: { idleFrames: 1_000_000 } },
    { name: "SETTINGS", sent: times(1001, settings()), limits: { idleFrames: 1_000_000 } },
    { name: "answers to PING that was not sent", sent: times(2001, ping(Buffer.alloc(8), 1)) },
    { name: "WINDOW_UPDATE", sent: times(2001, windowUpdate(0, 1)) },
    { name: "PRIORITY", sent: times(2001, frame(2, 0, 1, Buffer.alloc(5))) },
    { name: "frames of no known type", sent: times(2001, frame(0xcc, 0, 0)) },
    { name: "empty DATA", sent: Buffer.concat([headers(1, 0x4), times(2001, data(1, none))]) },
    {
      name: "padding without DATA",
      sent: Buffer.concat([headers(1, 0x4), times(2001, data(1, Buffer.alloc(1), 0x8))]),
    },
    {
      name: "DATA for a stream that was reset",
      limits: { concurrentStreams: 0 },
      sent: Buffer.concat([headers(1, 0x4), times(2001, data(1, Buffer.alloc(1)))]),
    },
    {
      name: "CONTINUATION without bytes",
      sent: Buffer.concat([headers(1, 0x1, none), times(128, frame(9, 0, 1))]),
    },
    {
      name: "CONTINUATION without an end",
      sent: Buffer.concat([headers(1, 0x1, none), times(6, frame(9, 0, 1, Buffer.alloc(16_384)))]),
    },
  ])("of $name end the connection", async ({ sent, limits = {} }) => {
    const { raw, fault } = await serve({ limits, onStream: ponder });
    raw.send(sent);
    expect(await fault).toMatchObject({ code: errorCodes.ENHANCE_YOUR_CALM, from: "here" });
    await raw.closed();
  });

  it.each<{ name: string; sent: Buffer }>([
    { name: "as many PINGs between requests", sent: times(400, ping()) },
    { name: "as many window updates between requests", sent: times(400, windowUpdate(0, 1)) },
  ])("do not, $name", async ({ sent }) => {
    const { raw } = await serve({
      limits: { idleFrames: 500 },
      onStream: (stream) => sendFields(stream, [":status", "200"], true),
    });
    for (const id of [1, 3, 5, 7]) {
      raw.send(sent, headers(id));
      await raw.find((one) => one.id === id);
    }
  });

  it("forgive resets as requests come to their end", async () => {
    const { raw } = await serve({
      limits: { resets: 5 },
      onStream: (stream, _, end) => {
        if (end) sendFields(stream, [":status", "200"], true);
        else ponder(stream);
      },
    });
    for (let id = 1; id < 80; id += 4) {
      raw.send(headers(id, 0x4), rst(id, 8), headers(id + 2));
      await raw.find((one) => one.id === id + 2);
    }
  });
});

describe("limits of what is kept", () => {
  it("refuse streams beyond their number, to be asked again", async () => {
    const { raw, connection } = await serve({ limits: { concurrentStreams: 2 }, onStream: ponder });
    raw.send(headers(1), headers(3), headers(5));
    const { id, payload } = await raw.next(frameTypes.reset);
    expect([id, payload.readUInt32BE()]).toEqual([5, errorCodes.REFUSED_STREAM]);
    expect(connection.inWork()).toBe(2);
  });

  it("answer 431 to a request with too many fields, and go on", async () => {
    const { raw } = await serve({
      limits: { headerListBytes: 1000 },
      onStream: (stream) => sendFields(stream, [":status", "200"], true),
    });
    // an entry of 92 bytes, named 100 times with a byte each
    const bomb = Buffer.concat([
      requestBlock,
      Buffer.from(`401e${"61".repeat(30)}1e${"62".repeat(30)}`, "hex"),
      Buffer.alloc(100, 0xbe),
    ]);
    raw.send(
      headers(1, 0x5, bomb),
      headers(3, 0x5, Buffer.concat([requestBlock, Buffer.from([0xbe])])),
    );
    expect((await raw.find(({ id }) => id === 1)).payload).toEqual(block(":status", "431"));
    expect((await raw.find(({ id }) => id === 3)).payload).toEqual(block(":status", "200"));
  });

  it("end a connection whose block is far larger", async () => {
    const { raw, fault } = await serve({ limits: { headerListBytes: 10 } });
    raw.send(headers(1, 0x1, Buffer.alloc(10_000)), frame(9, 0, 1, Buffer.alloc(10_000)));
    expect(await fault).toMatchObject({ code: errorCodes.ENHANCE_YOUR_CALM });
  });

  it("break a stream whose user sends on though the peer takes nothing", async () => {
    const faults: Fault[] = [];
    const returned: boolean[] = [];
    const { raw } = await serve({
      limits: { streamOutputBytes: 1000 },
      onStream: (stream) => {
        attach(stream, { ...silent, broken: (_, fault) => faults.push(fault) }, undefined);
        sendFields(stream, [":status", "200"], false);
        for (const _ of [1, 2, 3]) returned.push(sendData(stream, Buffer.alloc(1500), false));
        expect(faults).toEqual([]); // not from within
      },
    });
    raw.send(settings([settingIds.initialWindowSize, 0]), headers(1));
    expect((await raw.next(frameTypes.reset)).payload.readUInt32BE()).toBe(errorCodes.CANCEL);
    expect(faults).toMatchObject([{ code: errorCodes.CANCEL, from: "here" }]);
    expect(returned).toEqual([false, true, true]);
  });

  it("break streams when too much waits on the connection", async () => {
    const faults: Fault[] = [];
    const { raw, connection } = await serve({
      limits: { connectionOutputBytes: 5000 },
      onStream: answerWith(2000, faults),
    });
    raw.send(settings([settingIds.initialWindowSize, 0]));
    raw.send(...[1, 3, 5, 7, 9].map((id) => headers(id)));
    const { id } = await raw.next(frameTypes.reset);
    expect([id, faults.length, connection.inWork()]).toEqual([7, 2, 3]);
  });

  it("close the connection of a peer that opens streams and reads nothing", async () => {
    const { raw, fault } = await serve({
      limits: { connectionOutputBytes: 100_000, concurrentStreams: 1_000_000 },
      onStream: (stream) =>
        sendFields(stream, [":status", "200", "x", String(stream.id).padEnd(1000, "v")], true),
    });
    raw.socket.pause();
    // what the two kernels keep for us is not ours to bound: send until it is over
    for (let id = 1; raw.socket.writable && id < 400_000; id += 2000) {
      raw.send(...Array.from({ length: 1000 }, (_, place) => headers(id + 2 * place)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await fault).toMatchObject({ code: errorCodes.ENHANCE_YOUR_CALM });
  });
});

describe("times", () => {
  const soon = { settingsMs: 0, idleMs: 0, stallMs: 0, keepAliveMs: 0, keepAliveTimeoutMs: 0 };
  const never = 1_000_000;
  const calm = { ...soon, settingsMs: never, stallMs: never, keepAliveTimeoutMs: never };

  it.each([
    { name: "does not say its SETTINGS", sent: [preface] },
    { name: "does not acknowledge ours", sent: [preface, settings()] },
  ])("end the connection of a peer that $name", async ({ sent }) => {
    const { raw, fault } = await serve({ limits: { ...calm, settingsMs: 20 }, silent: true });
    raw.send(...sent);
    expect(await fault).toMatchObject({ code: errorCodes.SETTINGS_TIMEOUT });
  });

  it("end the connection of a peer that does not even say a preface", async () => {
    const { fault } = await serve({ limits: { ...calm, settingsMs: 20 }, silent: true });
    expect(await fault).toMatchObject({ code: errorCodes.SETTINGS_TIMEOUT });
  });

  it("end an idle connection, but none with a stream", async () => {
    const { raw, fault } = await serve({
      limits: { ...calm, idleMs: 300, lingerMs: 20 },
      onStream: ponder,
    });
    raw.send(headers(1, 0x4));
    const asked = performance.now();
    raw.send(ping());
    await raw.next(frameTypes.ping);
    while (performance.now() - asked < 900) await new Promise((resolve) => setImmediate(resolve));
    expect(raw.frames.filter(({ type }) => type === frameTypes.goAway)).toEqual([]);
    raw.send(rst(1, 8));
    await raw.next(frameTypes.goAway);
    expect(await fault).toMatchObject({ code: 0 });
  });

  it("break a stream whose peer gives no window for its answer", async () => {
    const faults: Fault[] = [];
    const { raw } = await serve({
      limits: { ...calm, stallMs: 30 },
      onStream: answerWith(10, faults),
    });
    raw.send(settings([settingIds.initialWindowSize, 0]), headers(1));
    expect((await raw.next(frameTypes.reset)).payload.readUInt32BE()).toBe(errorCodes.CANCEL);
    expect(faults).toMatchObject([{ code: errorCodes.CANCEL, from: "here" }]);
  });

  it("end the connection of a peer that reads nothing", async () => {
    const { raw, fault } = await serve({
      limits: { ...calm, stallMs: 50, connectionOutputBytes: 100_000_000 },
      onStream: answerWith(50_000_000),
    });
    raw.socket.pause();
    raw.send(
      settings([settingIds.initialWindowSize, 2 ** 31 - 1]),
      windowUpdate(0, 2 ** 30),
      headers(1),
    );
    expect(await fault).toMatchObject({ from: "connection" });
  });

  it("ask a silent peer whether it is still there, and leave it if not", async () => {
    const limits = { ...calm, keepAliveMs: 20, keepAliveTimeoutMs: 500 };
    const { raw, fault } = await serve({ limits });
    const asked = await raw.find(({ type, flags }) => type === frameTypes.ping && flags === 0);
    const before = raw.frames.length;
    raw.send(ping(asked.payload, 1));
    await raw.find((one) => raw.frames.indexOf(one) >= before && one.type === frameTypes.ping);
    expect(await fault).toMatchObject({ from: "connection" });
  });

  it("do not count while the process stands still", async () => {
    const limits = { ...calm, keepAliveMs: 40, keepAliveTimeoutMs: 400 };
    const { raw } = await serve({ limits });
    const asked = await raw.find(({ type, flags }) => type === frameTypes.ping && flags === 0);
    const before = raw.frames.length;
    raw.send(ping(asked.payload, 1));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); // with the answer unread
    await raw.find((one) => raw.frames.indexOf(one) >= before && one.type === frameTypes.ping);
  });

  it("give up a peer that never lets the last bytes go", async () => {
    const { raw, connection, fault } = await serve({ limits: { lingerMs: 20 } });
    raw.socket.pause();
    connection.goAway(errorCodes.INTERNAL_ERROR, "");
    expect(await fault).toMatchObject({ code: 0 });
  });

  it("hold for a client too", async () => {
    const called = await callRaw({ silent: true, limits: { ...calm, settingsMs: 20 } });
    opened.push(called);
    expect(await called.fault).toMatchObject({ code: errorCodes.SETTINGS_TIMEOUT });
    called.raw.send(settingsAck);
    expect(called.client.open(request, true)).toBeUndefined();
  });
});

describe("defaultHttp2Limits", () => {
  it("are what SETTINGS tell the peer", async () => {
    const { raw } = await serve();
    const { payload } = await raw.next(frameTypes.settings);
    const told = new Map<number, number>();
    for (let at = 0; at < payload.length; at += 6) {
      told.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    }
    const limits = defaultHttp2Limits;
    expect(Object.fromEntries(told)).toEqual({
      [settingIds.maxConcurrentStreams]: limits.concurrentStreams,
      [settingIds.headerTableSize]: limits.headerTableBytes,
      [settingIds.initialWindowSize]: limits.streamWindowBytes,
      [settingIds.maxFrameSize]: limits.frameBytes,
      [settingIds.maxHeaderListSize]: limits.headerListBytes,
    });
  });
});
