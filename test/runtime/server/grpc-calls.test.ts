/** The gRPC edge alone: what handlers hear and what clients get, of the library's kind and by hand. */
import { once } from "node:events";
import { constants } from "node:http2";
import { describe, expect, it } from "@jest/globals";
import { EngineError } from "../../../runtime/errors.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { onCancel } from "../../../runtime/scope.ts";
import { type GrpcServerOptions, listenGrpc } from "../../../runtime/server/grpc.ts";
import type {
  CallStream,
  DuplexHandler,
  GrpcRequest,
  UnaryHandler,
} from "../../../runtime/server/grpc-call.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { openGrpcClient } from "../../contract/grpc.ts";
import { framed, gzipped, openH2, outcomeOf } from "../../contract/http2.ts";

const later = closeAfterEach();

const unary = "/p.S/Unary";
const many = "/p.S/Many";
const both = "/p.S/Both";
const hello = Buffer.from("hello");

type Handlers = {
  readonly unary?: UnaryHandler;
  readonly many?: (request: Buffer, call: CallStream) => void;
  readonly both?: DuplexHandler;
};

const open = async (handlers: Handlers, options: Partial<GrpcServerOptions> = {}) => {
  const server = await listenGrpc({
    unary: new Map(handlers.unary && [[unary, handlers.unary]]),
    serverStreams: new Map(handlers.many && [[many, handlers.many]]),
    duplexStreams: new Map(handlers.both && [[both, handlers.both]]),
    port: 0,
    host: "127.0.0.1",
    maxConnections: 10,
    maxMessageBytes: 50_000_000,
    ...options,
  });
  later(() => server.close());
  return server;
};

const echo: UnaryHandler = ({ body }, done) => done(undefined, { body });
const echoAll: DuplexHandler = (call) => ({
  message: (body) => {
    call.send(body);
  },
  end: () => call.end(),
});

/** A handler that never answers, and what it was given. */
const holding = () => {
  let tell = (_request: GrpcRequest): void => {};
  const asked = new Promise<GrpcRequest>((resolve) => {
    tell = resolve;
  });
  const handler: UnaryHandler = (request) => tell(request);
  return { handler, asked };
};

describe("a call of one message", () => {
  it.each([
    { name: "deflate", algorithm: 1 },
    { name: "gzip", algorithm: 2 },
  ])("is unpacked when its client packs with $name", async ({ algorithm }) => {
    const { port } = await open({ unary: echo });
    const client = openGrpcClient(later, port, {
      "grpc.default_compression_algorithm": algorithm,
    });
    const body = Buffer.alloc(100_000, "abc");
    const answer = await client.ask(unary, body);
    expect({ code: answer.code, same: answer.body.equals(body) }).toEqual({ code: 0, same: true });
  });

  it("may be large, and its answer too", async () => {
    const { port } = await open({ unary: echo });
    const body = Buffer.alloc(30_000_000, "0123456789a");
    const answer = await openGrpcClient(later, port).ask(unary, body);
    expect({ code: answer.code, same: answer.body.equals(body) }).toEqual({ code: 0, same: true });
  });

  it("may be empty", async () => {
    const { port } = await open({ unary: echo });
    const answer = await openGrpcClient(later, port).ask(unary, Buffer.alloc(0));
    expect({ code: answer.code, size: answer.body.length }).toEqual({ code: 0, size: 0 });
  });

  it.each([
    {
      name: "tells",
      error: () =>
        new EngineError("NODE_STATUS", "x", {
          grpc: { code: 9, details: " näh\n100% ", rich: Buffer.from([1, 255]) },
        }),
      code: 9,
      details: " näh\n100% ",
      rich: [Buffer.from([1, 255])],
    },
    {
      name: "has a code of the table for",
      error: () => new EngineError("UNIT_UNKNOWN", "no m"),
      code: grpcCodes.UNKNOWN,
      details: "no m",
      rich: [],
    },
  ])("$name the error of its handler, thrown or told", async ({ error, code, details, rich }) => {
    const thrower: UnaryHandler = () => {
      throw error();
    };
    const teller: UnaryHandler = (request, done) => {
      request.initial = ["x-id", "7"];
      done(error(), undefined);
    };
    for (const handler of [thrower, teller]) {
      const { port } = await open({ unary: handler });
      const answer = await openGrpcClient(later, port).ask(unary, hello);
      expect(answer).toMatchObject({ code, details });
      expect(answer.trailing.get("grpc-status-details-bin")).toEqual(rich);
      expect(answer.initial.get("x-id")).toEqual(handler === teller ? ["7"] : []);
    }
  });

  it("is INTERNAL when its handler has a defect", async () => {
    const { port } = await open({
      unary: () => {
        throw new TypeError("oops");
      },
    });
    const answer = await openGrpcClient(later, port).ask(unary, hello);
    expect(answer.code).toBe(grpcCodes.INTERNAL);
  });

  it("is DEADLINE_EXCEEDED at the client's deadline, whatever its handler does", async () => {
    const { handler, asked } = holding();
    const { port } = await open({ unary: handler });
    const client = await openH2(later, port);
    const outcome = client.send(unary, framed(hello), { "grpc-timeout": "50m" });
    expect((await outcome).status).toBe(grpcCodes.DEADLINE_EXCEEDED);
    expect((await asked).scope.reason).toMatchObject({ code: "GRAPH_DEADLINE" });
  });

  it("ends its scope when the client leaves, and needs no answer then", async () => {
    let answer = (): void => {};
    const { handler, asked } = holding();
    const { port } = await open({
      unary: (request, done) => {
        answer = () => done(undefined, { body: hello });
        handler(request, done);
      },
    });
    const client = await openH2(later, port);
    const stream = client.open(unary);
    stream.end(framed(hello));
    const { scope } = await asked;
    const ended = new Promise((resolve) => onCancel(scope, resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await ended).toMatchObject({ code: "CLIENT_GONE" });
    answer();
    expect((await client.send("/other", framed(hello))).status).toBe(grpcCodes.UNIMPLEMENTED);
  });

  it.each(["application/grpc+proto", "application/grpc;charset=utf-8", "Application/gRPC"])(
    "may be of type %s",
    async (type) => {
      const { port } = await open({ unary: echo });
      const client = await openH2(later, port);
      const outcome = await client.send(unary, framed(hello), { "content-type": type });
      expect(outcome).toMatchObject({ http: 200, status: 0 });
    },
  );

  it.each([
    { name: "another method", headers: { ":method": "GET" } },
    { name: "another type", headers: { "content-type": "application/grpc-web" } },
  ])("is none with $name", async ({ headers }) => {
    const { port } = await open({ unary: echo });
    const client = await openH2(later, port);
    const outcome = await client.send(unary, framed(hello), headers);
    expect(outcome).toMatchObject({ http: 415, status: undefined });
  });

  it("that cannot be unpacked is told how it could be", async () => {
    const { port } = await open({ unary: echo });
    const client = await openH2(later, port);
    const stream = client.open(unary, { "grpc-encoding": "zstd" });
    const response = once(stream, "response");
    stream.end(framed(hello, 1));
    const [head] = await response;
    expect(head).toMatchObject({
      "grpc-status": String(grpcCodes.UNIMPLEMENTED),
      "grpc-accept-encoding": "identity,deflate,gzip",
    });
  });
});

describe("a call with many answers", () => {
  it.each([
    { name: "no message", body: Buffer.alloc(0) },
    { name: "two messages", body: Buffer.concat([framed(hello), framed(hello)]) },
  ])("is UNIMPLEMENTED with $name", async ({ body }) => {
    const { port } = await open({ many: (_request, call) => call.end() });
    const client = await openH2(later, port);
    expect((await client.send(many, body)).status).toBe(grpcCodes.UNIMPLEMENTED);
  });

  it("has the status of what its handler throws, after the answers before", async () => {
    const { port } = await open({
      many: (request, call) => {
        call.begin(["x-id", "7"]);
        call.send(request);
        throw new EngineError("TOO_BUSY", "no more");
      },
    });
    const client = await openH2(later, port);
    const stream = client.open(many);
    const parts: Buffer[] = [];
    stream.on("data", (part) => parts.push(part));
    stream.end(framed(hello));
    const outcome = await outcomeOf(stream);
    expect(outcome.status).toBe(grpcCodes.RESOURCE_EXHAUSTED);
    expect(Buffer.concat(parts).equals(framed(hello))).toBe(true);
  });

  it("ends with RESOURCE_EXHAUSTED at an answer that is too large", async () => {
    const { port } = await open(
      { many: (_request, call) => call.send(Buffer.alloc(11)) },
      { maxMessageBytes: 10 },
    );
    const client = await openH2(later, port);
    const { status } = await client.send(many, framed(hello));
    expect(status).toBe(grpcCodes.RESOURCE_EXHAUSTED);
  });
});

describe("a call in which messages go both ways", () => {
  it("hears packed messages in their order", async () => {
    const { port } = await open({ both: echoAll });
    const client = await openH2(later, port);
    const stream = client.open(both, { "grpc-encoding": "gzip" });
    const parts: Buffer[] = [];
    stream.on("data", (part) => parts.push(part));
    stream.end(Buffer.concat([gzipped(Buffer.from("a")), framed(Buffer.from("b"))]));
    expect((await outcomeOf(stream)).status).toBe(0);
    expect(Buffer.concat(parts).toString()).toBe(
      `${framed(Buffer.from("a"))}${framed(Buffer.from("b"))}`,
    );
  });

  it("may end before the client does, which then need not go on", async () => {
    const { port } = await open({
      both: (call) => ({ message: () => call.end(), end: () => {} }),
    });
    const client = await openH2(later, port);
    const stream = client.open(both);
    const outcome = outcomeOf(stream);
    stream.write(framed(hello));
    expect(await outcome).toMatchObject({ status: 0, reset: constants.NGHTTP2_NO_ERROR });
  });

  it("hears nothing while it is paused", async () => {
    const heard: string[] = [];
    let resume = (): void => {};
    const { port } = await open({
      both: (call) => {
        resume = () => call.resume();
        return {
          message: (body) => {
            heard.push(body.toString());
            call.pause();
            call.send(body);
          },
          end: () => call.end(),
        };
      },
    });
    const stream = openGrpcClient(later, port).stream(both);
    stream.write(Buffer.from("a"));
    stream.write(Buffer.from("b"));
    stream.end();
    await once(stream, "data");
    expect(heard).toEqual(["a"]);
    resume();
    await once(stream, "data");
    expect(heard).toEqual(["a", "b"]);
    resume();
    const [status] = await once(stream, "status");
    expect(status.code).toBe(0);
  });

  it("ends its scope when the client leaves, and not when it ends", async () => {
    const reasons: unknown[] = [];
    const told: (() => void)[] = [];
    const { port } = await open({
      both: (call) => {
        onCancel(call.scope, (reason) => {
          reasons.push(reason.code);
          told.shift()?.();
        });
        // Node.js ends its side before it cancels: that alone ends nothing.
        return {
          message: (body) => (body.equals(hello) ? call.send(body) : call.end()),
          end: () => {},
        };
      },
    });
    const client = openGrpcClient(later, port);
    const ended = client.stream(both);
    ended.write(Buffer.from("end"));
    await once(ended.resume(), "status");
    const left = client.stream(both);
    left.on("error", () => {});
    left.write(hello);
    await once(left, "data");
    const gone = new Promise<void>((resolve) => told.push(resolve));
    left.cancel();
    await gone;
    expect(reasons).toEqual(["CLIENT_GONE"]);
  });
});
