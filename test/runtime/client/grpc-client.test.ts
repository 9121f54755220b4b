/** Calls to nodes over gRPC: spread over addresses, and found again after a restart. */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { makeGrpcClient } from "../../../runtime/client/grpc-client.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { makeScope } from "../../../runtime/scope.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, openEngine } from "../../contract/engine.ts";
import { type GrpcHost, openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";

const later = closeAfterEach();
afterEach(() => {
  jest.restoreAllMocks();
});

const rpc = "/seldon.protos.Model/Predict";

const openEcho = (place: { readonly host?: string; readonly port?: number } = {}) =>
  openGrpcHost(later, { unary: { [rpc]: ({ body }) => body }, ...place });

/** Two containers on two addresses of this machine, with one port. */
const openPair = async (): Promise<readonly [GrpcHost, GrpcHost]> => {
  for (;;) {
    const first = await openEcho();
    try {
      return [first, await openEcho({ host: "127.0.0.2", port: first.grpcPort })];
    } catch {
      first.close(); // the port is taken on the other address
    }
  }
};

type Finder = () => Promise<readonly string[]>;

const openClient = (port: number, resolve: Finder, host = "models") => {
  const deadlines = makeDeadlines();
  const limits = { maxBodyBytes: 1_000_000 };
  const client = makeGrpcClient({ host, port, limits, deadlines, resolve });
  later(() => client.close());
  return {
    client,
    ask: (body: Buffer = Buffer.from("x"), timeoutMs?: number): Promise<number> =>
      new Promise((settled) => {
        const ask = { rpc, body, metadata: [], timeoutMs, scope: makeScope() };
        client.call(ask, (...[error]) =>
          settled(error === undefined ? 0 : (error.grpc?.code ?? -1)),
        );
      }),
  };
};

const both: Finder = async () => ["127.0.0.1", "127.0.0.2"];

const untilOk = async (ask: () => Promise<number>): Promise<void> => {
  while ((await ask()) !== grpcCodes.OK);
};

describe("makeGrpcClient", () => {
  it("calls all addresses by turns", async () => {
    const [one, other] = await openPair();
    const port = one.grpcPort;
    const { ask } = openClient(port, both);
    while (one.seen.length === 0 || other.seen.length === 0) await ask(); // both are connected
    const before = [one.seen.length, other.seen.length] as const;
    const codes = await Promise.all(Array.from({ length: 100 }, () => ask()));
    expect(new Set(codes)).toEqual(new Set([grpcCodes.OK]));
    expect([one.seen.length - before[0], other.seen.length - before[1]]).toEqual([50, 50]);
  });

  it("goes on with the address that is left, and comes back to the other", async () => {
    const [one, other] = await openPair();
    const port = one.grpcPort;
    const { ask } = openClient(port, both);
    while (one.seen.length === 0 || other.seen.length === 0) await ask();
    one.close();
    // Two in a row are answered only when the loss has been noticed: both are called by turns.
    for (let inRow = 0; inRow < 2; ) inRow = (await ask()) === grpcCodes.OK ? inRow + 1 : 0;
    const codes = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(codes.filter((code) => code !== grpcCodes.OK)).toEqual([]);
    const again = await openEcho({ port });
    while (again.seen.length === 0) expect(await ask()).toBe(grpcCodes.OK);
  });

  it("calls a node itself, whatever proxy the environment names", async () => {
    const host = await openEcho();
    const nowhere = "http://127.0.0.1:1";
    // biome-ignore lint/style/noProcessEnv: where the library would look for a proxy
    const environment = process.env;
    const names = ["http_proxy", "https_proxy", "grpc_proxy"] as const;
    const before = names.map((name) => [name, environment[name]] as const);
    for (const name of names) environment[name] = nowhere;
    try {
      const { ask } = openClient(host.grpcPort, async () => ["127.0.0.1"]);
      expect(await ask()).toBe(grpcCodes.OK);
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete environment[name];
        else environment[name] = value;
      }
    }
  });
});

describe("a node that restarts", () => {
  it("is UNAVAILABLE while it is away, and called again a second after it is back", async () => {
    let aheadMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, "now").mockImplementation(() => now() + aheadMs);
    const host = await openEcho();
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) });
    const client = openGrpcClient(later, engine.grpcPort);
    const ask = async (): Promise<number> =>
      (await client.ask("/seldon.protos.Seldon/Predict", Buffer.alloc(0))).code;
    expect(await ask()).toBe(grpcCodes.OK);
    host.close();
    for (; aheadMs < 20_000; aheadMs += 1000) expect(await ask()).toBe(grpcCodes.UNAVAILABLE);
    await openEcho({ port: host.grpcPort });
    aheadMs += 250; // the pause between two tries differs by a fifth
    expect(await ask()).toBe(grpcCodes.OK);
  });

  it("is connected to anew by a graph that has not called it before", async () => {
    const host = await openEcho();
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) });
    host.close();
    const client = openGrpcClient(later, engine.grpcPort);
    const ask = async (): Promise<number> =>
      (await client.ask("/seldon.protos.Seldon/Predict", Buffer.alloc(0))).code;
    expect(await ask()).toBe(grpcCodes.UNAVAILABLE);
    await openEcho({ port: host.grpcPort });
    await untilOk(ask);
  });
});

describe("a node that closes its connections after a while", () => {
  it("loses no call", async () => {
    const answered: number[] = [];
    const host = await openGrpcHost(later, {
      unary: { [rpc]: ({ body }) => body },
      settings: { "grpc.max_connection_age_ms": 100 },
    });
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) });
    const client = openGrpcClient(later, engine.grpcPort);
    const end = Date.now() + 1500; // a dozen connections
    const asking = Array.from({ length: 8 }, async () => {
      while (Date.now() < end) {
        const { code } = await client.ask("/seldon.protos.Seldon/Predict", Buffer.from("x"));
        answered.push(code);
      }
    });
    await Promise.all(asking);
    expect(answered.filter((code) => code !== grpcCodes.OK)).toEqual([]);
    expect(host.seen.length).toBe(answered.length); // and is called once for each
  });
});
