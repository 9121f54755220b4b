import { connect as connectHttp2, constants, createServer as createHttp2 } from "node:http2";
import { connect as connectSocket, createServer } from "node:net";
import { type Client, type ClientDuplexStream, Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { refusalFields } from "../../local/grpc-wire.ts";
import { listenIngress } from "../../local/ingress.ts";
import type { Route, RouteState, Target } from "../../local/routes.ts";
import { makeUpstream } from "../../local/upstream.ts";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { defaultLimits, type Limits } from "../../runtime/limits.ts";
import {
  callUnary,
  makeClient,
  makeGrpcPredictor,
  metadataOf,
  portOf,
  same,
} from "./grpc-predictor.ts";
import { endHeaders, endStream, fieldsOf, frame, frames, preface } from "./http2-frames.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close();
});
const deadlines = makeDeadlines();

const predictorOf = async (name: string, weightPercent = 100) => {
  const predictor = await makeGrpcPredictor(name, weightPercent);
  opened.push(predictor.close);
  return predictor;
};
const routeOf = (name: string, state: RouteState, namespace = "ns"): Route => ({
  namespace,
  name,
  state: () => state,
});
const ready = (targets: readonly Target[], shadow?: Target): RouteState => ({
  is: "ready",
  targets,
  shadow,
});
const start = async (
  routes: readonly Route[],
  over: { readonly random?: () => number; readonly limits?: Limits } = {},
) => {
  const ingress = await listenIngress({
    host: "127.0.0.1",
    port: 0,
    limits: over.limits ?? defaultLimits,
    deadlines,
    defaultNamespace: "default",
    routes: () => routes,
    random: over.random ?? (() => 0),
  });
  const clientOf = (options: object = {}): Client => {
    const client = makeClient(ingress.port, options);
    opened.push(() => client.close());
    return client;
  };
  opened.push(() => ingress.close());
  return { ingress, client: clientOf(), clientOf };
};
const d = { seldon: "d", namespace: "ns" };

/** Starts calls and resets them at once, thousands of them; resolves when it is cut off. */
const resetCalls = (port: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = connectSocket({ host: "127.0.0.1", port });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => resolve());
    socket.resume();
    socket.write(preface);
    socket.write(frame(frames.settings, 0, 0, Buffer.alloc(0)));
    const fields = fieldsOf([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/t.T/Never"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ["seldon", "d"],
    ]);
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    for (let stream = 1; stream < 20_000; stream += 2) {
      socket.write(frame(frames.headers, endHeaders, stream, fields));
      socket.write(frame(frames.reset, 0, stream, cancel));
    }
  });

/** A predictor that answers the first bytes of each connection with these. */
const rawPredictor = async (answer: (request: Buffer) => Buffer): Promise<Target> => {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the other side may not like it
    socket.once("data", (request: Buffer) => socket.write(answer(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const entry = { http: 1, grpc: portOf(server) };
  const upstream = makeUpstream(entry, defaultLimits, deadlines);
  opened.push(() => server.close(), upstream.close);
  return { predictor: "raw", weightPercent: 100, upstream, unavailable: () => undefined };
};
const settings = frame(frames.settings, 0, 0, Buffer.alloc(0));

describe("gRPC through the ingress", () => {
  it("passes a unary call: message, metadata and trailers both ways", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const metadata = metadataOf({ ...d, "x-bin": Buffer.from([0, 128, 255]), "seldon-puid": "p" });
    metadata.add("twice", "1");
    metadata.add("twice", "2");
    const body = Buffer.from("hello");
    const told = await callUnary(client, "/t.T/Echo", metadata, { body });
    expect(told.body).toEqual(body);
    expect(told.initial.getMap()).toMatchObject({
      seldon: "d",
      namespace: "ns",
      "x-bin": Buffer.from([0, 128, 255]),
      "seldon-puid": "p",
      twice: "1, 2", // as grpc-js tells fields that were sent twice
    });
    expect(told.status.code).toBe(status.OK);
    expect(told.status.metadata.getMap()).toEqual({ bye: "one", "bye-bin": Buffer.from([0, 255]) });
  });

  it("passes a failure on: code, details and metadata", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const { error, body } = await callUnary(client, "/t.T/Fail", d);
    expect(body).toBeUndefined();
    expect([error?.code, error?.details]).toEqual([9, "100 % grün\n"]);
    expect(error?.metadata.getMap()).toMatchObject({
      why: "so",
      "grpc-status-details-bin": Buffer.from([1, 2, 200]),
    });
  });

  it("passes on that a method is not known", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    expect((await callUnary(client, "/t.T/Nope", d)).status.code).toBe(status.UNIMPLEMENTED);
  });

  it("passes messages of megabytes", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const body = Buffer.alloc(12_000_000, "abcdefg");
    const told = await callUnary(client, "/t.T/Echo", d, { body });
    expect(told.body?.equals(body)).toBe(true);
  });

  it("passes the answers of a stream on, and its end", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const call = client.makeServerStreamRequest(
      "/t.T/Many",
      same,
      same,
      Buffer.from("30 5000"),
      metadataOf(d),
    );
    let messages = 0;
    for await (const message of call) messages += Number((message as Buffer).length === 5000);
    expect(messages).toBe(30);
  });

  it("passes the messages of a client that streams", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const sum = await new Promise<Buffer | undefined>((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        "/t.T/Sum",
        same,
        same,
        metadataOf(d),
        (error, answer) => (error === null ? resolve(answer) : reject(error)),
      );
      for (const part of ["a", "b", "c"]) call.write(Buffer.from(part));
      call.end();
    });
    expect(String(sum)).toBe("abc");
  });

  it("passes each message at once when both sides stream", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
      "/t.T/Chat",
      same,
      same,
      metadataOf(d),
    );
    const answers = call[Symbol.asyncIterator]();
    for (const word of ["one", "two", "three"]) {
      call.write(Buffer.from(word));
      expect(String((await answers.next()).value)).toBe(`re: ${word}`);
    }
    call.end();
    expect((await answers.next()).done).toBe(true);
  });

  it("reads no faster than the client does", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const call = client.makeServerStreamRequest(
      "/t.T/Many",
      same,
      same,
      Buffer.from("400 65536"),
      metadataOf(d),
    );
    let received = 0;
    await new Promise<void>((resolve) => call.once("data", () => resolve()));
    received += 1;
    call.pause();
    let before = -1;
    while (before !== one.written.messages) {
      before = one.written.messages;
      // Other calls go on meanwhile, and take long enough for more messages to come, if any do.
      for (let i = 0; i < 30; i += 1) await callUnary(client, "/t.T/Name", d);
    }
    expect(before).toBeLessThan(100);
    call.on("data", () => {
      received += 1;
    });
    call.resume();
    await new Promise<void>((resolve) => call.on("end", () => resolve()));
    expect(received).toBe(400);
  });

  it("tells the predictor when the client gives up", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const arrived = one.next();
    const call = client.makeUnaryRequest(
      "/t.T/Never",
      same,
      same,
      Buffer.alloc(0),
      metadataOf(d),
      () => {},
    );
    await arrived;
    call.cancel();
    await Promise.all(one.cancelled);
    await one.target.upstream.idle();
  });

  it("tells the predictor when the client's connection breaks", async () => {
    const one = await predictorOf("one");
    const { ingress } = await start([routeOf("d", ready([one.target]))]);
    const session = connectHttp2(`http://127.0.0.1:${ingress.port}`);
    const arrived = one.next();
    const request = session.request({
      ":method": "POST",
      ":path": "/t.T/Never",
      "content-type": "application/grpc",
      te: "trailers",
      ...d,
    });
    request.on("error", () => {});
    request.end(Buffer.alloc(5));
    await arrived;
    session.destroy();
    await Promise.all(one.cancelled);
    await one.target.upstream.idle();
  });

  it("hands the deadline on", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const told = await callUnary(client, "/t.T/Never", d, { deadlineMs: 300 });
    expect(told.status.code).toBe(status.DEADLINE_EXCEEDED);
    await Promise.all(one.cancelled);
    await one.target.upstream.idle();
  });

  it("splits by weight", async () => {
    const a = await predictorOf("a", 75);
    const b = await predictorOf("b", 25);
    const draws = [0, 0.74, 0.75, 0.99];
    const { client } = await start([routeOf("d", ready([a.target, b.target]))], {
      random: () => draws.shift() ?? 0,
    });
    const answers: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      answers.push(String((await callUnary(client, "/t.T/Name", d)).body));
    }
    expect(answers).toEqual(["a", "a", "b", "b"]);
  });

  it("sends the shadow a copy of a call with one message", async () => {
    const main = await predictorOf("main");
    const shadow = await predictorOf("shadow", 0);
    const { client } = await start([routeOf("d", ready([main.target], shadow.target))]);
    const copied = shadow.next();
    const body = Buffer.from("twice");
    expect((await callUnary(client, "/t.T/Echo", { ...d, k: "v" }, { body })).body).toEqual(body);
    await copied;
    expect(shadow.seen).toMatchObject([{ path: "/t.T/Echo", body }]);
    expect(shadow.seen[0]?.metadata.get("k")).toEqual(["v"]);
    await shadow.target.upstream.idle();
  });

  it("sends the shadow no stream, and no question of tools", async () => {
    const main = await predictorOf("main");
    const shadow = await predictorOf("shadow", 0);
    const { client } = await start([routeOf("d", ready([main.target], shadow.target))]);
    const call = client.makeBidiStreamRequest("/t.T/Chat", same, same, metadataOf(d));
    call.write(Buffer.from("a"));
    call.write(Buffer.from("b"));
    call.end();
    await call.toArray();
    await callUnary(client, "/grpc.health.v1.Health/Check", d);
    const copied = shadow.next();
    await callUnary(client, "/t.T/Name", d);
    await copied;
    expect(shadow.seen.map(({ path }) => path)).toEqual(["/t.T/Name"]);
  });

  it("answers although the shadow is down", async () => {
    const main = await predictorOf("main");
    const shadow = await predictorOf("shadow", 0);
    shadow.stop();
    const { client } = await start([routeOf("d", ready([main.target], shadow.target))]);
    expect(String((await callUnary(client, "/t.T/Name", d)).body)).toBe("main");
    await shadow.target.upstream.idle();
  });

  it("answers UNAVAILABLE when the predictor cannot be reached", async () => {
    const one = await predictorOf("one");
    one.stop();
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const { error } = await callUnary(client, "/t.T/Name", d);
    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(error?.details).toMatch(/predictor one of ns\/d.*ECONNREFUSED/);
  });

  it("answers UNAVAILABLE when the predictor dies in the middle of a call", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const unary = callUnary(client, "/t.T/Never", d);
    const stream = client.makeBidiStreamRequest("/t.T/Chat", same, same, metadataOf(d));
    stream.write(Buffer.from("a"));
    const answers = stream[Symbol.asyncIterator]();
    await answers.next();
    const ended = new Promise((resolve) => stream.on("status", ({ code }) => resolve(code)));
    one.stop();
    expect((await unary).status.code).toBe(status.UNAVAILABLE);
    await expect(answers.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await ended).toBe(status.UNAVAILABLE);
  });

  it("reaches a predictor that was away", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    await callUnary(client, "/t.T/Name", d);
    one.stop();
    expect((await callUnary(client, "/t.T/Name", d)).status.code).toBe(status.UNAVAILABLE);
    const back = await predictorOf("back");
    Object.assign(one.target, { upstream: back.target.upstream });
    expect(String((await callUnary(client, "/t.T/Name", d)).body)).toBe("back");
  });

  it.each([
    { reason: constants.NGHTTP2_REFUSED_STREAM, code: status.UNAVAILABLE },
    { reason: constants.NGHTTP2_CANCEL, code: status.CANCELLED },
    { reason: constants.NGHTTP2_ENHANCE_YOUR_CALM, code: status.RESOURCE_EXHAUSTED },
    { reason: constants.NGHTTP2_INTERNAL_ERROR, code: status.INTERNAL },
  ])("answers $code when the predictor resets with $reason", async ({ reason, code }) => {
    const server = createHttp2();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.close(reason);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    opened.push(() => server.close());
    const entry = { http: 1, grpc: portOf(server) };
    const upstream = makeUpstream(entry, defaultLimits, deadlines);
    opened.push(upstream.close);
    const target = { predictor: "p", weightPercent: 100, upstream, unavailable: () => undefined };
    const { client } = await start([routeOf("d", ready([target]))]);
    expect((await callUnary(client, "/t.T/Name", d)).status.code).toBe(code);
    await upstream.idle();
  });

  it("lets a client call again when the predictor has not seen its call", async () => {
    const server = createHttp2();
    let calls = 0;
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      calls += 1;
      if (calls === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond(refusalFields("OUT_OF_RANGE", "second"), { endStream: true });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    opened.push(() => server.close());
    const upstream = makeUpstream({ http: 1, grpc: portOf(server) }, defaultLimits, deadlines);
    opened.push(upstream.close);
    const target = { predictor: "p", weightPercent: 100, upstream, unavailable: () => undefined };
    const { clientOf } = await start([routeOf("d", ready([target]))]);
    const client = clientOf({ "grpc.enable_retries": 1 });
    const { error } = await callUnary(client, "/t.T/Name", d);
    expect([error?.code, error?.details, calls]).toEqual([status.OUT_OF_RANGE, "second", 2]);
    await upstream.idle();
  });

  it("answers UNAVAILABLE when the predictor does not speak HTTP/2", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    opened.push(() => server.close());
    const upstream = makeUpstream({ http: 1, grpc: portOf(server) }, defaultLimits, deadlines);
    opened.push(upstream.close);
    const target = { predictor: "p", weightPercent: 100, upstream, unavailable: () => undefined };
    const { client } = await start([routeOf("d", ready([target]))]);
    expect((await callUnary(client, "/t.T/Name", d)).status.code).toBe(status.UNAVAILABLE);
    await upstream.idle();
  });

  it.each([
    {
      name: "a field of HTTP/1",
      head: [
        [":status", "200"],
        ["te", "gzip"],
      ] as const,
      trailers: [],
    },
    { name: "a status that there is not", head: [[":status", "42"]] as const, trailers: [] },
    {
      name: "no status at the end",
      head: [[":status", "200"]] as const,
      trailers: [["x", "y"]] as const,
    },
    {
      name: "trailers of HTTP/1",
      head: [[":status", "200"]] as const,
      trailers: [["te", "gzip"]] as const,
    },
  ])("answers a failure when the predictor sends $name", async ({ head, trailers }) => {
    const target = await rawPredictor(() =>
      Buffer.concat([
        settings,
        frame(frames.headers, endHeaders, 1, fieldsOf(head)),
        frame(frames.headers, endHeaders | endStream, 1, fieldsOf(trailers)),
      ]),
    );
    const { client } = await start([routeOf("d", ready([target]))]);
    const { code } = (await callUnary(client, "/t.T/Name", d)).status;
    expect([status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE]).toContain(code);
    await target.upstream.idle();
  });

  it("answers a failure whatever bytes the predictor sends", async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const someFrame = fc
      .tuple(fc.nat(12), fc.nat(255), fc.constantFrom(0, 1, 1, 2, 3), bytes)
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload));
    let answer = Buffer.alloc(0);
    const target = await rawPredictor(() => answer);
    const { client, clientOf } = await start([routeOf("d", ready([target]))]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(someFrame, bytes), { maxLength: 6 }), async (parts) => {
        answer = Buffer.concat([settings, ...parts]);
        const one = clientOf(); // with a connection of its own to the predictor
        const told = await callUnary(one, "/t.T/Name", d, { deadlineMs: 200 });
        one.close();
        expect(told.status.code).not.toBe(status.OK);
      }),
      { numRuns: 60, seed: 7 },
    );
    expect((await callUnary(client, "/nope", {})).status.code).toBe(status.UNIMPLEMENTED);
    await target.upstream.idle();
  });

  it("serves on whatever bytes a client sends", async () => {
    const one = await predictorOf("one");
    const { ingress, client } = await start([routeOf("d", ready([one.target]))]);
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const call = fieldsOf([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/t.T/Echo"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ["seldon", "d"],
    ]);
    const someFrame = fc
      .tuple(
        fc.nat(12),
        fc.nat(255),
        fc.constantFrom(0, 1, 1, 3, 5),
        fc.oneof(bytes, fc.constant(call)),
      )
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(someFrame, bytes), { maxLength: 12 }), async (parts) => {
        const socket = connectSocket({ host: "127.0.0.1", port: ingress.port });
        socket.on("error", () => {}); // cut off, as it should be
        socket.resume();
        await new Promise<void>((resolve) => {
          socket.end(Buffer.concat([Buffer.from(preface), settings, ...parts]), () => resolve());
        });
        await new Promise<void>((resolve) => socket.on("close", () => resolve()));
      }),
      { numRuns: 200, seed: 7 },
    );
    expect(String((await callUnary(client, "/t.T/Name", d)).body)).toBe("one");
    await one.target.upstream.idle();
  });

  it.each<{ name: string; state: RouteState; want: RegExp }>([
    { name: "starting", state: { is: "starting", waitingFor: ["a", "b"] }, want: /a, b/ },
    { name: "failed", state: { is: "failed", reason: "it broke" }, want: /it broke/ },
    { name: "without predictors", state: ready([]), want: /no predictor/ },
  ])("answers UNAVAILABLE for a deployment that is $name", async ({ state, want }) => {
    const { client } = await start([routeOf("d", state)]);
    const { error } = await callUnary(client, "/t.T/Name", d);
    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(error?.details).toMatch(want);
  });

  it("names what exists when a call leads nowhere", async () => {
    const { client } = await start([routeOf("d", ready([])), routeOf("e", ready([]), "default")]);
    const { error } = await callUnary(client, "/t.T/Name", { seldon: "x%y" });
    expect([error?.code, error?.details]).toEqual([
      status.NOT_FOUND,
      'there is no deployment "x%y"; send the metadata of one that there is: seldon=d namespace=ns, seldon=e namespace=default',
    ]);
  });

  it("asks HTTP/2 clients that speak no gRPC to use HTTP/1.1", async () => {
    const { ingress } = await start([routeOf("d", ready([]))]);
    const session = connectHttp2(`http://127.0.0.1:${ingress.port}`);
    opened.push(() => session.destroy());
    const request = session.request({ ":path": "/seldon/ns/d/x" });
    const told = await new Promise((resolve) => {
      request.on("response", (headers) => resolve(headers[":status"]));
    });
    request.resume();
    expect(told).toBe(415);
  });

  it("lets a call in work end when it drains, and takes no more", async () => {
    const one = await predictorOf("one");
    const { ingress, client, clientOf } = await start([routeOf("d", ready([one.target]))]);
    const call = client.makeBidiStreamRequest("/t.T/Chat", same, same, metadataOf(d));
    const answers = call[Symbol.asyncIterator]();
    call.write(Buffer.from("before"));
    await answers.next();
    const drained = ingress.drain();
    call.write(Buffer.from("late"));
    expect(String((await answers.next()).value)).toBe("re: late");
    expect((await callUnary(clientOf(), "/t.T/Name", d)).status.code).toBe(status.UNAVAILABLE);
    call.end();
    expect((await answers.next()).done).toBe(true);
    await drained;
  });

  it("serves REST and gRPC clients side by side", async () => {
    const one = await predictorOf("one");
    const { ingress, clientOf } = await start([routeOf("d", ready([one.target]))]);
    const clients = [clientOf(), clientOf(), clientOf(), clientOf()];
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        const client = clients[i % 4];
        if (client === undefined || i % 10 === 0) {
          return (await fetch(`http://127.0.0.1:${ingress.port}/`)).status;
        }
        const body = Buffer.from(String(i));
        return Number((await callUnary(client, "/t.T/Echo", d, { body })).body);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 400 }, (_, i) => (i % 10 === 0 ? 200 : i)));
    await one.target.upstream.idle();
  });

  it("cuts off alone a client that resets calls by the thousand", async () => {
    const one = await predictorOf("one");
    const { ingress, client } = await start([routeOf("d", ready([one.target]))]);
    const good = client.makeBidiStreamRequest("/t.T/Chat", same, same, metadataOf(d));
    const answers = good[Symbol.asyncIterator]();
    await resetCalls(ingress.port);
    good.write(Buffer.from("still here"));
    expect(String((await answers.next()).value)).toBe("re: still here");
    good.end();
    await one.target.upstream.idle();
  });

  it("refuses connections beyond the limit", async () => {
    const one = await predictorOf("one");
    const limits = { ...defaultLimits, maxConnections: 1 };
    const { client, clientOf } = await start([routeOf("d", ready([one.target]))], { limits });
    expect((await callUnary(client, "/t.T/Name", d)).status.code).toBe(status.OK);
    expect((await callUnary(clientOf(), "/t.T/Name", d)).status.code).toBe(status.UNAVAILABLE);
    expect((await callUnary(client, "/t.T/Name", d)).status.code).toBe(status.OK);
  });
});

describe("the first bytes of a connection", () => {
  /** Sends pieces, each when the last has left; resolves with what came back until the end. */
  const say = (port: number, pieces: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectSocket({ host: "127.0.0.1", port, noDelay: true });
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
      });
      socket.on("error", () => {}); // it may be cut off with bytes on the way; "close" follows
      socket.on("close", () => resolve(text));
      const next = (i: number): void => {
        const piece = pieces[i];
        if (piece !== undefined) socket.write(piece, () => setImmediate(() => next(i + 1)));
      };
      next(0);
    });

  it("may come one by one", async () => {
    const { ingress } = await start([]);
    const request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    expect(await say(ingress.port, request.split(""))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("may look like gRPC at first", async () => {
    const { ingress } = await start([]);
    expect(await say(ingress.port, ["PRI", "MES / HTTP/1.1\r\n\r\n"])).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("may come one by one for gRPC too", async () => {
    const { ingress } = await start([]);
    const goaway = "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const text = await say(ingress.port, [...preface.split(""), "\0\0\0\x04\0\0\0\0\0", goaway]);
    expect(text.charCodeAt(3)).toBe(4); // a frame with settings
  });

  it("are not waited for without end", async () => {
    const { ingress } = await start([], { limits: { ...defaultLimits, headerTimeoutMs: 50 } });
    expect(await say(ingress.port, ["PRI * HT"])).toBe("");
  });

  it("do not hold up a drain", async () => {
    const { ingress } = await start([]);
    const silent = say(ingress.port, ["PRI"]);
    await fetch(`http://127.0.0.1:${ingress.port}/`); // so that the connection is taken
    await ingress.drain();
    expect(await silent).toBe("");
  });
});

describe("a client's metadata", () => {
  const metadata = new Metadata();
  it("is needed to find a deployment", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const { error } = await callUnary(client, "/t.T/Name", metadata);
    expect([error?.code, error?.details]).toEqual([
      status.UNIMPLEMENTED,
      "the call names no deployment; send the metadata of one of these: seldon=d namespace=ns",
    ]);
  });

  it("is not needed for tools where there is one deployment", async () => {
    const one = await predictorOf("one");
    const { client } = await start([routeOf("d", ready([one.target]))]);
    const told = await callUnary(client, "/grpc.health.v1.Health/Check", metadata);
    expect(String(told.body)).toBe("one");
  });
});
