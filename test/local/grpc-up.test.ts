import { type Client, Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { gone } from "./fakes.ts";
import { callUnary, makeClient, metadataOf, same, type Told } from "./grpc-predictor.ts";
import {
  deploymentOf,
  makeWorkbench,
  predictorOf,
  type Running,
  startUp,
  type Workbench,
} from "./harness.ts";

let bench: Workbench;
const running: Running[] = [];
const clients: Client[] = [];
const start: typeof startUp = (...args) => {
  const one = startUp(...args);
  running.push(one);
  return one;
};
const clientOf = (address: string): Client => {
  const client = makeClient(Number(new URL(address).port));
  clients.push(client);
  return client;
};
beforeEach(() => {
  bench = makeWorkbench();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(running.splice(0).map((one) => one.stop()));
  bench.remove();
});

const predict = "/seldon.protos.Seldon/Predict";
const check = "/grpc.health.v1.Health/Check";
const graphMetadata = "/seldon.protos.Seldon/GraphMetadata";

/** A message with a tensor of one number. Source: engine contract, 4.2. */
const request = Buffer.from([
  0x1a, 0x0f, 0x12, 0x0d, 0x0a, 0x01, 0x01, 0x12, 8, 0, 0, 0, 0, 0, 0, 0, 0,
]);

const simple = (name: string): object => ({ name, implementation: "SIMPLE_MODEL" });
const grpcPredictor = (name: string, version: string, over: object = {}): object =>
  predictorOf(name, "", {
    componentSpecs: [
      {
        spec: {
          containers: [
            { name: "model", image: "i:1", command: [process.execPath, "grpc.mjs", version] },
          ],
        },
      },
    ],
    ...over,
  });
const grpcDeployment = (name: string, predictors: readonly object[]): object =>
  deploymentOf(name, predictors, { transport: "grpc" });

const textOf = ({ body }: Told): string => body?.subarray(2).toString() ?? "";

describe("up over gRPC", () => {
  it("serves on the port of REST, with the engine's metadata", async () => {
    const graph = {
      ...simple("ab"),
      implementation: "RANDOM_ABTEST",
      children: [simple("a"), simple("b")],
    };
    const predictor = { name: "main", graph };
    const address = await start([bench.write("a.json", deploymentOf("one", [predictor]))]).ready(
      "one",
    );
    const client = clientOf(address);
    const told = await callUnary(
      client,
      predict,
      { seldon: "one", namespace: "default", "seldon-puid": "p1" },
      { body: request },
    );
    expect(told.status).toMatchObject({ code: status.OK });
    expect(told.body?.includes("class0")).toBe(true);
    expect(told.initial.get("seldon-puid")).toEqual(["p1"]);
    expect(String(told.initial.get("seldon-route"))).toMatch(/^ab=[01]$/);
    const rest = await fetch(`${address}/api/v1.0/predictions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"data":{"ndarray":[[1]]}}',
    });
    expect(rest.status).toBe(200);
  });

  it("finds the deployment by its name, with or without its namespace", async () => {
    const items = ["one", "two"].map((name) =>
      deploymentOf(name, [{ name: `p-${name}`, graph: simple("m") }]),
    );
    const up = start([bench.write("a.json", { kind: "List", items })]);
    const [address] = await Promise.all([up.ready("one"), up.ready("two")]);
    const client = clientOf(address);
    for (const metadata of [{ seldon: "two" }, { seldon: "two", namespace: "default" }]) {
      const told = await callUnary(client, graphMetadata, metadata);
      expect(told.body?.subarray(2, 7).toString()).toBe("p-two");
    }
    const lost = await callUnary(client, graphMetadata, { seldon: "two", namespace: "ns" });
    expect(lost.error).toMatchObject({
      code: status.NOT_FOUND,
      details: expect.stringContaining("seldon=two namespace=default"),
    });
    expect((await callUnary(client, check, {})).error).toMatchObject({
      code: status.NOT_FOUND,
      details: expect.stringContaining("seldon=one namespace=default"),
    });
    expect((await callUnary(client, check, { seldon: "one" })).status.code).toBe(status.OK);
  });

  it("answers tools that know of no metadata", async () => {
    const predictor = { name: "main", graph: simple("m") };
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))]);
    const client = clientOf(await up.ready("one"));
    const health = await callUnary(client, check, {});
    expect(health.body).toEqual(Buffer.from([8, 1])); // SERVING
    const reflection = client.makeBidiStreamRequest(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      same,
      same,
      new Metadata(),
    );
    reflection.write(Buffer.from([0x3a, 0])); // list_services
    reflection.end();
    const answers: Buffer[] = await reflection.toArray();
    expect(Buffer.concat(answers).includes("seldon.protos.Seldon")).toBe(true);
  });

  it("calls a container without an engine", async () => {
    const annotations = { "seldon.io/no-engine": "true" };
    const up = start([
      bench.write("a.json", grpcDeployment("one", [grpcPredictor("main", "v1", { annotations })])),
    ]);
    const client = clientOf(await up.ready("one"));
    expect(textOf(await callUnary(client, predict, { seldon: "one" }))).toBe("v1");
  });

  it("tells a deadline that the model does not keep", async () => {
    const up = start([bench.write("a.json", grpcDeployment("one", [grpcPredictor("main", "v1")]))]);
    const client = clientOf(await up.ready("one"));
    const metadata = { seldon: "one", wait: "10000" };
    const told = await callUnary(client, predict, metadata, { body: request, deadlineMs: 500 });
    expect(told.status.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it("rolls over without losing a call", async () => {
    const version = (text: string): object => grpcDeployment("one", [grpcPredictor("main", text)]);
    const up = start([bench.write("a.json", version("v1"))]);
    const address = await up.ready("one");
    const seen = new Map<string, number>();
    const failures: unknown[] = [];
    const waiting = new Set<() => void>();
    let isOver = false;
    const workers = Array.from({ length: 8 }, async (_, i) => {
      const client = clientOf(address);
      while (!isOver) {
        const { error, ...told } = await callUnary(
          client,
          predict,
          { seldon: "one", wait: String(i * 5) },
          { body: request },
        );
        if (error !== null) failures.push(error);
        else seen.set(textOf({ error, ...told }), (seen.get(textOf({ error, ...told })) ?? 0) + 1);
        for (const look of waiting) look();
      }
    });
    const saw = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!seen.has(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    await saw("v1");
    const long = callUnary(
      clientOf(address),
      predict,
      { seldon: "one", wait: "3000" },
      { body: request },
    );
    for (const next of ["v2", "v3"]) {
      const serving = up.nextLine(/^one serves its new version \(started: main\)$/);
      bench.write("a.json", version(next));
      await serving;
      await saw(next);
    }
    isOver = true;
    await Promise.all(workers);
    expect(failures).toEqual([]);
    expect([...seen.keys()]).toEqual(["v1", "v2", "v3"]);
    expect(textOf(await long)).toBe("v1");
  });

  it("starts a model again that was killed, and answers UNAVAILABLE meanwhile", async () => {
    const up = start([bench.write("a.json", grpcDeployment("one", [grpcPredictor("main", "v1")]))]);
    const client = clientOf(await up.ready("one"));
    const metadata = metadataOf({ seldon: "one", wait: "20000" });
    const call = callUnary(client, predict, metadata, { body: request });
    const probe = await callUnary(client, predict, { seldon: "one" }, { body: request });
    expect(probe.status.code).toBe(status.OK);
    const pid = Number(bench.read("pid"));
    process.kill(pid, "SIGKILL");
    expect((await call).status.code).toBe(status.UNAVAILABLE);
    await gone(pid);
    await up.line(/^one\/main\/model was ended by SIGKILL; next start in 1 s$/);
  });
});
