import { afterEach, describe, expect, it } from "@jest/globals";
import { errorCodes } from "../../../runtime/http2/error-codes.ts";
import { encodeOnce } from "../../../runtime/http2/hpack-encode.ts";
import { attach, reset, sendData, sendFields } from "../../../runtime/http2/send.ts";
import type { Fault, Fields, Stream } from "../../../runtime/http2/types.ts";
import {
  block,
  type Called,
  callRaw,
  data,
  frame,
  frameTypes,
  goAway,
  headers,
  none,
  ping,
  request,
  rst,
  settingIds,
  settings,
  settingsAck,
  uint32,
} from "./wire.ts";

const opened: Called[] = [];
const call = async (part: Parameters<typeof callRaw>[0] = {}): Promise<Called> => {
  const called = await callRaw(part);
  opened.push(called);
  return called;
};
afterEach(() => {
  for (const called of opened.splice(0)) called.close();
});

type Seen = { readonly events: unknown[]; readonly over: Promise<void>; readonly stream: Stream };

/** Opens a request and remembers what comes of it; `over` when nothing follows. */
const ask = ({ client }: Called, end = true): Seen => {
  const stream = client.open(request, end);
  if (stream === undefined) throw new Error(`no room: ${client.readiness()}`);
  const events: unknown[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  attach(
    stream,
    {
      fields: (_, fields: Fields, isEnd) => {
        events.push({ fields, end: isEnd });
        if (isEnd) resolve();
      },
      data: (_, chunk, isEnd) => {
        events.push({ data: chunk.toString(), end: isEnd });
        if (isEnd) resolve();
      },
      broken: (_, fault: Fault) => {
        events.push(fault);
        resolve();
      },
    },
    undefined,
  );
  return { events, over, stream };
};

const ok = block(":status", "200");

describe("connectHttp2", () => {
  it("asks, and hears the answer with its trailers, without what is in between", async () => {
    const called = await call();
    const { events, over } = ask(called);
    const head = await called.raw.next(frameTypes.headers);
    expect([head.id, head.flags]).toEqual([1, 5]);
    called.raw.send(
      headers(1, 0x4, block(":status", "103", "link", "a")),
      headers(1, 0x4, ok),
      data(1, Buffer.from("answer")),
      headers(1, 0x5, block("grpc-status", "0")),
    );
    await over;
    expect(events).toEqual([
      { fields: [":status", "200"], end: false },
      { data: "answer", end: false },
      { fields: ["grpc-status", "0"], end: true },
    ]);
    expect(called.client.inWork()).toBe(0);
  });

  it("sends what was encoded once before what was not", async () => {
    const called = await call();
    const stream = called.client.open(["x-a", "b"], false, encodeOnce(request));
    if (stream === undefined) throw new Error("no room");
    sendFields(stream, ["last", "1"], true);
    const { payload } = await called.raw.next(frameTypes.headers);
    expect(payload).toEqual(Buffer.concat([block(...request), block("x-a", "b")]));
    await called.raw.find(({ flags, type }) => type === 1 && flags === 5);
  });

  it("sends fields in several frames when they are longer than one may be", async () => {
    const called = await call();
    called.client.open([...request, "x-long", "v".repeat(40_000)], true);
    const last = await called.raw.find(({ type, flags }) => type === 9 && flags === 4);
    const [first, ...more] = called.raw.frames.filter(({ type }) => type === 1 || type === 9);
    expect([first?.flags, first?.payload.length, last.id]).toEqual([1, 16_384, 1]);
    expect(more.map(({ payload }) => payload.length)).toEqual([16_384, expect.any(Number)]);
  });

  it.each<{ name: string; sent: Buffer[]; code: number }>([
    { name: "an answer without :status", sent: [headers(1, 0x4, block("a", "b"))], code: 1 },
    { name: "a :status that is none", sent: [headers(1, 0x4, block(":status", "2000"))], code: 1 },
    { name: "a change of protocols", sent: [headers(1, 0x4, block(":status", "101"))], code: 1 },
    {
      name: "an interim answer that ends",
      sent: [headers(1, 0x5, block(":status", "100"))],
      code: 1,
    },
    { name: "a body before the head", sent: [data(1, Buffer.from("x"))], code: 1 },
    {
      name: "a pseudo-field of a request",
      sent: [headers(1, 4, block(":status", "200", ":path", "/"))],
      code: 1,
    },
    {
      name: "a body shorter than it was said",
      sent: [headers(1, 4, block(":status", "200", "content-length", "3")), data(1, none, 1)],
      code: 1,
    },
    {
      name: "fields above the limit",
      sent: [headers(1, 4, block(":status", "200", "a", "b".repeat(400)))],
      code: 11,
    },
  ])("breaks the stream, and only that, for $name", async ({ sent, code }) => {
    const called = await call({ limits: { headerListBytes: 300 } });
    const { events, over } = ask(called);
    await called.raw.next(frameTypes.headers);
    called.raw.send(...sent);
    await over;
    expect(events.at(-1)).toMatchObject({ code, from: "here", unprocessed: false });
    expect((await called.raw.next(frameTypes.reset)).payload.readUInt32BE()).toBe(code);
    expect(called.client.readiness()).toBe("ready");
  });

  it.each<{ name: string; sent: Buffer; code: number }>([
    { name: "a push", sent: frame(5, 4, 1, uint32(2)), code: 1 },
    { name: "an answer to nothing", sent: headers(3, 0x5, ok), code: 1 },
    { name: "a stream of the server's", sent: headers(2, 0x5, ok), code: 1 },
    { name: "ENABLE_PUSH from a server", sent: settings([settingIds.enablePush, 1]), code: 1 },
    { name: "a block that is no HPACK", sent: headers(1, 0x5, Buffer.from([0x80])), code: 9 },
  ])("ends the connection for $name", async ({ sent, code }) => {
    const called = await call();
    const { events, over } = ask(called);
    await called.raw.next(frameTypes.headers);
    called.raw.send(sent);
    await over;
    expect(events).toMatchObject([{ code, from: "connection", unprocessed: false }]);
    expect(await called.fault).toMatchObject({ code, from: "here" });
    expect(called.client.readiness()).toBe("over");
    expect(called.client.open(request, true)).toBeUndefined();
  });

  it("knows a request that its peer has not seen", async () => {
    let draining = 0;
    const called = await call({
      onDraining: () => {
        draining += 1;
      },
    });
    const [first, second, third] = [ask(called), ask(called), ask(called)];
    await called.raw.find(({ id }) => id === 5);
    called.raw.send(rst(1, errorCodes.REFUSED_STREAM), goAway(3, 0));
    await Promise.all([first.over, third.over]);
    expect(first.events).toMatchObject([{ code: 7, from: "peer", unprocessed: true }]);
    expect(third.events).toMatchObject([{ from: "peer", unprocessed: true }]);
    expect([draining, called.client.readiness()]).toEqual([1, "over"]);
    called.raw.send(headers(3, 0x5, ok));
    await second.over;
    expect(second.events).toEqual([{ fields: [":status", "200"], end: true }]);
    expect(await called.fault).toMatchObject({ code: 0 });
  });

  it("says why its peer has gone away", async () => {
    const called = await call();
    const { over, events } = ask(called);
    await called.raw.next(frameTypes.headers);
    called.raw.send(frame(7, 0, 0, Buffer.concat([uint32(1, 11), Buffer.from("too_many_pings")])));
    called.raw.socket.end();
    await over;
    expect(events).toMatchObject([{ code: 11, from: "connection", unprocessed: false }]);
    expect((await called.fault).reason).toContain("too_many_pings");
  });

  it("keeps to the peer's limit of streams, and tells when there is room", async () => {
    const { promise: room, resolve } = Promise.withResolvers<void>();
    const called = await call({ silent: true, onRoom: resolve });
    called.raw.send(settings([settingIds.maxConcurrentStreams, 1]), settingsAck, ping());
    await called.raw.next(frameTypes.ping);
    const { stream } = ask(called, false);
    expect(called.client.open(request, true)).toBeUndefined();
    expect(called.client.readiness()).toBe("full");
    reset(stream, errorCodes.CANCEL);
    await room;
    ask(called);
    expect((await called.raw.find(({ id }) => id === 3)).flags).toBe(5);
  });

  it("gives up a request whose answer has ended", async () => {
    const called = await call();
    const { stream, over } = ask(called, false);
    sendData(stream, Buffer.from("part"), false);
    await called.raw.next(frameTypes.data);
    called.raw.send(headers(1, 0x5, block(":status", "404")));
    await over;
    expect((await called.raw.next(frameTypes.reset)).payload.readUInt32BE()).toBe(0);
    called.raw.send(rst(1, 0), ping()); // crosses with ours, and does no harm
    await called.raw.next(frameTypes.ping);
  });

  it("lets what comes for a request it gave up pass by", async () => {
    const called = await call();
    const { stream, events } = ask(called);
    await called.raw.next(frameTypes.headers);
    reset(stream, errorCodes.CANCEL);
    await called.raw.next(frameTypes.reset);
    // the table of fields has to be kept in step all the same
    const indexed = Buffer.from("4003782d610162", "hex"); // x-a: b
    called.raw.send(headers(1, 0x4, Buffer.concat([ok, indexed])), data(1, Buffer.from("x"), 1));
    const next = ask(called);
    await called.raw.find(({ id }) => id === 3);
    called.raw.send(headers(3, 0x5, Buffer.concat([ok, Buffer.from([0xbe])])));
    await next.over;
    expect(next.events).toEqual([{ fields: [":status", "200", "x-a", "b"], end: true }]);
    expect(events).toEqual([]);
  });

  it("throws for fields that cannot be sent, and can go on", async () => {
    const called = await call();
    expect(() => called.client.open([...request, "a", "\n"], true)).toThrow(TypeError);
    const { over, stream } = ask(called, false);
    expect(stream.id).toBe(1);
    expect(() => sendFields(stream, ["A", "b"], true)).toThrow(TypeError);
    expect((await called.raw.next(frameTypes.reset)).payload.readUInt32BE()).toBe(2);
    called.client.destroy();
    await called.fault;
    expect(called.client.inWork()).toBe(0);
    expect(over).toBeInstanceOf(Promise);
  });
});
