/** Time and size over gRPC: deadlines of all kinds, cancellation, largest messages. */
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../../api/plan.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import {
  at,
  type Engine,
  type EngineOptions,
  openEngine,
  tryEngine,
} from "../../contract/engine.ts";
import {
  type GrpcHost,
  type Handler,
  openGrpcClient,
  openGrpcHost,
  type Seen,
} from "../../contract/grpc.ts";
import { framed, openH2 } from "../../contract/http2.ts";

const later = closeAfterEach();

const predict = "/seldon.protos.Seldon/Predict";
const modelPredict = "/seldon.protos.Model/Predict";
const hang: Handler = () => new Promise(() => {});
const echo: Handler = ({ body }) => body;
/** A field that no message has: opaque to the engine. */
const bytes = (size: number): Buffer => {
  const head = Buffer.from([0xfa, 0x3f, 0, 0, 0, 0]); // field 1023, length in four bytes
  const left = size - head.length;
  for (let i = 0; i < 4; i += 1) head[2 + i] = ((left >> (7 * i)) & 0x7f) | (i < 3 ? 0x80 : 0);
  return Buffer.concat([head, Buffer.alloc(left)]);
};

const openModel = (handler: Handler): Promise<GrpcHost> =>
  openGrpcHost(later, { unary: { [modelPredict]: handler } });

const unit = (name: string, host: GrpcHost): UnitSource => ({
  name,
  type: "MODEL",
  endpoint: at(host),
});

const openWith = async (
  handler: Handler,
  options: EngineOptions = {},
): Promise<{ readonly host: GrpcHost; readonly engine: Engine }> => {
  const host = await openModel(handler);
  return { host, engine: await openEngine(later, unit("m", host), options) };
};

/** The first call that a container gets. */
const firstCall = (): { readonly handler: Handler; readonly seen: Promise<Seen> } => {
  let tell = (_seen: Seen): void => {};
  const seen = new Promise<Seen>((resolve) => {
    tell = resolve;
  });
  const handler: Handler = (one) => {
    tell(one);
    return hang(one);
  };
  return { handler, seen };
};

const scraped = async (engine: Engine): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${engine.httpPort}/metrics`);
  return answer.text();
};

describe("the deadline of a gRPC client", () => {
  it("is told to the node, and ends the call there too", async () => {
    const { handler, seen } = firstCall();
    let cameAt = 0;
    const { engine } = await openWith((one) => {
      cameAt = Date.now();
      return handler(one);
    });
    const client = openGrpcClient(later, engine.grpcPort);
    const deadlineAt = Date.now() + 2000;
    const { code } = await client.ask(predict, bytes(10), { timeoutMs: 2000 });
    expect(code).toBe(grpcCodes.DEADLINE_EXCEEDED);
    const { deadlineAt: told, cancelled } = await seen;
    // However long the way took: what was left of the time, to some roundings to a millisecond.
    expect(told).toBeGreaterThanOrEqual(deadlineAt - 10);
    expect(told).toBeLessThanOrEqual(cameAt + 2000);
    await cancelled;
  });

  it("is counted as such, for the node as well", async () => {
    const { engine } = await openWith(hang);
    const client = openGrpcClient(later, engine.grpcPort);
    await client.ask(predict, bytes(10), { timeoutMs: 2000 });
    const counted = (side: string): RegExp =>
      RegExp(`${side}_requests_seconds_count\\{.*code="DeadlineExceeded".*\\} 1`);
    while (!counted("server").test(await scraped(engine))); // when the node's call is over as well
    expect(await scraped(engine)).toMatch(counted("client"));
  });

  it("is not made up: without one, and under a graph timeout, nodes are told none", async () => {
    const { host, engine } = await openWith(echo, {
      annotations: { "espalier.io/graph-timeout": "60000" },
    });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, bytes(10))).code).toBe(grpcCodes.OK);
    expect(host.seen[0]?.deadlineAt).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("annotations over gRPC", () => {
  it.each([
    { name: "seldon.io/grpc-timeout", value: "2000", calls: 1 },
    { name: "espalier.io/graph-timeout", value: "2000", calls: 1 },
  ])("$name ends a call that takes longer", async ({ name, value, calls }) => {
    const { handler, seen } = firstCall();
    const { host, engine } = await openWith(handler, { annotations: { [name]: value } });
    const client = openGrpcClient(later, engine.grpcPort);
    const { code, initial } = await client.ask(predict, bytes(10));
    expect(code).toBe(grpcCodes.DEADLINE_EXCEEDED);
    expect(initial.get("seldon-puid")).toHaveLength(1);
    await (await seen).cancelled;
    expect(host.seen).toHaveLength(calls);
  });

  it("seldon.io/grpc-timeout is for each call, the graph's for all of them", async () => {
    const slowly: Handler = async ({ body, cancelled }) => {
      await Promise.race([cancelled, new Promise((resolve) => setTimeout(resolve, 600))]);
      return body;
    };
    const hosts = [await openModel(slowly), await openModel(slowly)] as const;
    const graph = { ...unit("a", hosts[0]), children: [unit("b", hosts[1])] };
    const each = await openEngine(later, graph, {
      annotations: { "seldon.io/grpc-timeout": "60000" },
    });
    const client = openGrpcClient(later, each.grpcPort);
    expect((await client.ask(predict, bytes(10))).code).toBe(grpcCodes.OK);
    const whole = await openEngine(later, graph, {
      annotations: { "espalier.io/graph-timeout": "1000", "seldon.io/grpc-timeout": "900" },
    });
    const other = openGrpcClient(later, whole.grpcPort);
    expect((await other.ask(predict, bytes(10))).code).toBe(grpcCodes.DEADLINE_EXCEEDED);
  });

  it("the client's deadline wins over a longer timeout", async () => {
    const { engine } = await openWith(hang, { annotations: { "seldon.io/grpc-timeout": "60000" } });
    const client = openGrpcClient(later, engine.grpcPort);
    const { code } = await client.ask(predict, bytes(10), { timeoutMs: 500 });
    expect(code).toBe(grpcCodes.DEADLINE_EXCEEDED);
  });

  it("a malformed seldon.io/grpc-timeout is passed over", async () => {
    const { engine } = await openWith(echo, { annotations: { "seldon.io/grpc-timeout": "soon" } });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, bytes(10))).code).toBe(grpcCodes.OK);
  });

  it.each([
    "seldon.io/grpc-max-message-size",
    "seldon.io/rest-timeout",
    "espalier.io/graph-timeout",
  ])("a malformed %s ends the engine before it starts", async (name) => {
    const host = await openModel(echo);
    const refused = await tryEngine(later, unit("m", host), { annotations: { [name]: "1e3x" } });
    expect(refused).toMatchObject({ exitCode: 1, faults: [expect.stringContaining(name)] });
  });
});

describe("a gRPC client that gives a call up", () => {
  it("is heard by the node", async () => {
    const { handler, seen } = firstCall();
    const { engine } = await openWith(handler);
    const call = openGrpcClient(later, engine.grpcPort).start(predict, bytes(10));
    const { cancelled } = await seen;
    call.cancel();
    await cancelled;
    expect((await call.outcome).code).toBe(grpcCodes.CANCELLED);
  });

  it("or whose connection breaks, is heard by all children", async () => {
    const calls = [firstCall(), firstCall()] as const;
    const children = [await openModel(calls[0].handler), await openModel(calls[1].handler)];
    const engine = await openEngine(later, {
      name: "c",
      type: "MODEL",
      endpoint: at(await openModel(echo)),
      children: children.map((host, i) => unit(`m${i}`, host)),
    });
    const client = await openH2(later, engine.grpcPort);
    client.open(predict).end(framed(bytes(10)));
    const seen = await Promise.all(calls.map((one) => one.seen));
    client.session.destroy();
    await Promise.all(seen.map(({ cancelled }) => cancelled));
  });
});

describe("a child that fails over gRPC", () => {
  it("has its siblings given up, and its own status told", async () => {
    const slow = firstCall();
    const failing: Handler = async () => {
      await slow.seen;
      throw { code: grpcCodes.OUT_OF_RANGE, details: "näh <&>" };
    };
    const engine = await openEngine(later, {
      name: "c",
      type: "MODEL",
      endpoint: at(await openModel(echo)),
      children: [unit("a", await openModel(slow.handler)), unit("b", await openModel(failing))],
    });
    const answer = await openGrpcClient(later, engine.grpcPort).ask(predict, bytes(10));
    expect(answer).toMatchObject({ code: grpcCodes.OUT_OF_RANGE, details: "näh <&>" });
    await (await slow.seen).cancelled;
  });
});

describe("the largest message over gRPC", () => {
  const limit = 10_000;
  const limits: readonly { readonly name: string; readonly options: EngineOptions }[] = [
    {
      name: "seldon.io/grpc-max-message-size",
      options: { annotations: { "seldon.io/grpc-max-message-size": String(limit) } },
    },
    { name: "--max_body_bytes", options: { args: ["--max_body_bytes", String(limit)] } },
    {
      name: "the smaller of both",
      options: {
        annotations: { "seldon.io/grpc-max-message-size": "2147483647" },
        args: ["--max_body_bytes", String(limit)],
      },
    },
  ];

  it.each(limits)("is that of $name", async ({ options }) => {
    const answers: Handler = ({ body }) => (body.length === 100 ? bytes(limit + 1) : body);
    const { host, engine } = await openWith(answers, options);
    const client = openGrpcClient(later, engine.grpcPort);
    const full = await client.ask(predict, bytes(limit));
    expect({ code: full.code, size: full.body.length }).toEqual({ code: 0, size: limit });
    const more = await client.ask(predict, bytes(limit + 1));
    expect(more.code).toBe(grpcCodes.RESOURCE_EXHAUSTED);
    expect(host.seen).toHaveLength(1);
    const answered = await client.ask(predict, bytes(100));
    expect(answered.code).toBe(grpcCodes.RESOURCE_EXHAUSTED);
    expect((await client.ask(predict, bytes(101))).code).toBe(grpcCodes.OK);
  });

  it("is many megabytes if nothing says otherwise", async () => {
    const { engine } = await openWith(echo);
    const large = bytes(10_000_000);
    const answer = await openGrpcClient(later, engine.grpcPort).ask(predict, large);
    expect(answer.code).toBe(grpcCodes.OK);
    expect(answer.body.equals(large)).toBe(true);
  });
});

describe("--max_concurrent_requests over gRPC", () => {
  it("refuses what is beyond, and answers probes", async () => {
    const { handler, seen } = firstCall();
    const { engine } = await openWith(handler, { args: ["--max_concurrent_requests", "1"] });
    const client = openGrpcClient(later, engine.grpcPort);
    const first = client.start(predict, bytes(10));
    await seen;
    expect((await client.ask(predict, bytes(10))).code).toBe(grpcCodes.RESOURCE_EXHAUSTED);
    const check = await client.ask("/grpc.health.v1.Health/Check", Buffer.alloc(0));
    expect(check.code).toBe(grpcCodes.OK);
    first.cancel();
    await first.outcome;
  });
});

describe("--max_header_bytes over gRPC", () => {
  it("bounds the metadata of a call", async () => {
    const { host, engine } = await openWith(echo, { args: ["--max_header_bytes", "2000"] });
    const client = openGrpcClient(later, engine.grpcPort);
    const ask = (size: number) =>
      client.ask(predict, bytes(10), { metadata: { "x-long": "x".repeat(size) } });
    expect((await ask(1500)).code).toBe(grpcCodes.OK);
    expect((await ask(2000)).code).toBe(grpcCodes.RESOURCE_EXHAUSTED);
    expect(host.seen).toHaveLength(1);
  });
});
