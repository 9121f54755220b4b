/** grpcurl, a client in Go that knows no message before it asks: reflection, health and TLS. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { run } from "./environment/run.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { startMicroservice } from "./support/microservice.ts";
import { grpcurl, root } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { startServe } from "./support/serve.ts";
import { startUp } from "./support/up.ts";

const startMs = 300_000;
const callMs = 60_000;
const command = grpcurl();
// it is skipped where there is no Go to build it with, and the preparation says so
const describeIfBuilt = command === undefined ? describe.skip : describe;

const processes = makeProcesses();
afterAll(() => processes.stopAll(), startMs);

type Said = { readonly code: number; readonly output: string };

/** Runs it with flags, and with words after the address. */
const call = (target: string, flags: readonly string[], words: readonly string[]): Promise<Said> =>
  run([command ?? "", "-emit-defaults", "-max-time", "50", ...flags, target, ...words], {}, callMs);

/** What an RPC answers, found out by reflection. */
const ask = async (target: string, method: string, message: object, ...flags: string[]) => {
  const data = ["-d", JSON.stringify(message)];
  const { code, output } = await call(target, ["-plaintext", ...flags, ...data], [method]);
  return code === 0 ? JSON.parse(output) : output;
};

const services = async (target: string, ...flags: readonly string[]) => {
  const { output } = await call(target, ["-plaintext", ...flags], ["list"]);
  return output.trim().split("\n");
};

const simple = { name: "simple", implementation: "SIMPLE_MODEL" };
const health = "grpc.health.v1.Health";
const at = (file: string): string => join(root, "test/support/certificates", file);

describeIfBuilt.each([
  {
    protocol: "seldon",
    own: ["seldon.protos.Seldon"],
    method: "seldon.protos.Seldon/Predict",
    message: { strData: "x" },
    want: { data: { tensor: { shape: [1, 3], values: [0.1, 0.9, 0.5] } } },
  },
  {
    protocol: "v2",
    own: ["inference.GRPCInferenceService"],
    method: "inference.GRPCInferenceService/ModelInfer",
    message: { id: "i", inputs: [] },
    want: {
      id: "i",
      outputs: [{ datatype: "FP64", contents: { fp64_contents: [0.1, 0.9, 0.5] } }],
    },
  },
  {
    protocol: "tensorflow",
    own: ["tensorflow.serving.ModelService", "tensorflow.serving.PredictionService"],
    method: "tensorflow.serving.PredictionService/Predict",
    message: { model_spec: { name: "simple" } },
    want: { outputs: expect.anything() },
  },
])("an engine of $protocol asked by grpcurl", ({ protocol, own, method, message, want }) => {
  let engine: Engine;
  beforeAll(async () => {
    const flags = ["--protocol", protocol];
    engine = await startEngine(processes, { graph: simple, peers: [], flags });
  }, startMs);

  it("lists its services", async () => {
    expect(await services(engine.grpc)).toEqual([health, ...own].sort());
  });

  it.each([...own, health])("describes all that %s needs", async (service) => {
    const { code, output } = await call(engine.grpc, ["-plaintext"], ["describe", service]);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining("rpc ") });
  });

  it("answers what it has described", async () => {
    expect(await ask(engine.grpc, method, message)).toMatchObject(want);
  });

  it.each(["", ...own])('is healthy: "%s"', async (service) => {
    expect(await ask(engine.grpc, `${health}/Check`, { service })).toEqual({ status: "SERVING" });
  });

  it("does not know the health of a stranger", async () => {
    const answer = await ask(engine.grpc, `${health}/Check`, { service: "stranger" });
    expect(answer).toContain("NotFound");
  });

  it("says that it has no such method", async () => {
    expect(await ask(engine.grpc, `${own[0]}/Sing`, {})).toMatch(
      /does not include a method named "Sing"/,
    );
  });
});

describeIfBuilt("grpcurl", () => {
  it("sees an engine turn unhealthy with its container", async () => {
    const peer = await startMicroservice(processes, { unit: "raw", target: "graph.Raw" });
    const graph = { name: "raw", type: "MODEL" };
    const engine = await startEngine(processes, { graph, peers: [peer] });
    const check = () => ask(engine.grpc, `${health}/Check`, {});
    expect(await check()).toEqual({ status: "SERVING" });
    expect(
      await ask(engine.grpc, "seldon.protos.Seldon/Predict", { strData: "abc" }),
    ).toMatchObject({ strData: "cba" });
    await peer.process.stop();
    expect(await check()).toEqual({ status: "NOT_SERVING" });
    await engine.process.stop();
  });

  it.each([
    { name: "the engine alone", env: {}, flags: ["-cacert", at("ca.crt")], refused: [] },
    {
      name: "both",
      env: { ESPALIER_CLIENT_CA_FILE: at("ca.crt") },
      flags: ["-cacert", at("ca.crt"), "-cert", at("client.crt"), "-key", at("client.key")],
      refused: ["-cacert", at("ca.crt")],
    },
  ])("talks over TLS with certificates of $name", async ({ env, flags, refused }) => {
    const engine = await startEngine(processes, {
      graph: simple,
      peers: [],
      env: {
        SELDON_CERT_MOUNT_PATH: at(""),
        SELDON_CERT_FILE_NAME: "first.crt",
        SELDON_CERT_KEY_FILE_NAME: "first.key",
        ...env,
      },
    });
    const target = `localhost:${engine.grpc.split(":")[1]}`;
    expect(await call(target, flags, [`${health}/Check`])).toMatchObject({ code: 0 });
    const stranger = await call(target, [...refused, "-connect-timeout", "2"], ["list"]);
    expect(stranger.code).not.toBe(0);
    await engine.process.stop();
  });

  it("reads a class under espalier serve", async () => {
    const served = await startServe(processes, { unit: "twin", target: "twin.ts:Twin" });
    expect(await services(served.grpc)).toEqual(
      expect.arrayContaining([
        ...[
          "Combiner",
          "Generic",
          "Model",
          "OutputTransformer",
          "Router",
          "Seldon",
          "Transformer",
        ].map((name) => `seldon.protos.${name}`),
        ...["inference.GRPCInferenceService", health],
      ]),
    );
    const tags = { do: "text" };
    const message = { strData: "x", meta: { tags } };
    expect(await ask(served.grpc, "seldon.protos.Model/Predict", message)).toMatchObject({
      strData: "täxt",
    });
    expect(await ask(served.grpc, `${health}/Check`, {})).toEqual({ status: "SERVING" });
    await served.process.stop();
  });

  it("goes through the ingress of espalier up by the deployment's name", async () => {
    const up = await startUp(
      processes,
      [
        {
          apiVersion: "machinelearning.seldon.io/v1",
          kind: "SeldonDeployment",
          metadata: { name: "simple", namespace: "orchard" },
          spec: { predictors: [{ name: "main", graph: simple }] },
        },
      ],
      "/bin",
    );
    const flags = ["-H", "seldon: simple", "-H", "namespace: orchard"];
    expect(await services(up.gateway, ...flags)).toContain("seldon.protos.Seldon");
    const predict = "seldon.protos.Seldon/Predict";
    expect(await ask(up.gateway, predict, { strData: "x" }, ...flags)).toMatchObject({
      data: { tensor: { values: [0.1, 0.9, 0.5] } },
    });
    await up.process.stop();
  });
});
