/** Stored models behind engines: manifest in, answers out, over REST and gRPC, in both protocols. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { embedded } from "../../runtime/protocol/wire.ts";
import {
  doubleField,
  doublesField,
  integersField,
  lengthField,
  textField,
  varintField,
} from "../../runtime/protocol/wire-write.ts";
import { callUnary, makeClient } from "../local/grpc-predictor.ts";
import {
  deploymentOf,
  makeWorkbench,
  type Running,
  startUp,
  type Workbench,
} from "../local/harness.ts";
import { type Case, casesIn, differenceOf, fixtures } from "./answers.ts";
import { post } from "./ask.ts";

const startMs = 120_000;
const cases = casesIn(fixtures).filter(({ kind }) => kind !== "ONNX");
const caseOf = (name: string): Case => {
  const found = cases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};
const forest = caseOf("small-xgboost");
const texts = caseOf("small-texts");
const trees = caseOf("small-lightgbm");

let bench: Workbench;
let up: Running;
let store: Server;
let port: number;

const served = (name: string, modelUri: string, protocol: string, unit: object = {}): object =>
  deploymentOf(
    name,
    [{ name: "main", graph: { name: "m", implementation: "ESPALIER_SERVER", modelUri, ...unit } }],
    { protocol },
  );

beforeAll(async () => {
  bench = makeWorkbench();
  copyFileSync(forest.file, bench.path("model.json"));
  store = createServer((_request, response) => response.end(readFileSync(texts.file)));
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  const { port: storePort } = store.address() as AddressInfo; // it listens on a port
  const url = `http://127.0.0.1:${storePort}/model.json`;
  const names = { parameters: [{ name: "class_names", value: "a,b,c", type: "STRING" }] };
  const files = [
    bench.write("seldon.json", served("path", ".", "seldon", names)),
    bench.write("v2.json", served("file", `file://${trees.file}`, "v2")),
    bench.write("http.json", served("http", url, "seldon")),
  ];
  up = startUp(files);
  const [address] = await Promise.all(["path", "file", "http"].map((name) => up.ready(name)));
  port = Number(new URL(address ?? "").port);
}, startMs);
afterAll(async () => {
  expect(await up.stop()).toBe(0);
  store.close();
  bench.remove();
}, startMs);

const at = (path: string): string => `http://127.0.0.1:${port}/seldon/default/${path}`;

describe("ESPALIER_SERVER", () => {
  it("answers over REST as its library does, with the names of classes", async () => {
    const { json } = await post(at("path/api/v1.0/predictions"), { data: { ndarray: forest.X } });
    expect(differenceOf(json.data.ndarray, forest.P)).toBeLessThan(1e-6);
    expect(json.data.names).toEqual(["a", "b", "c"]);
  });

  it("answers over gRPC likewise", async () => {
    const client = makeClient(port);
    const rows = forest.X.slice(0, 3) as readonly (number | null)[][];
    const values = rows.flat().map((value) => doubleField(2, value ?? Number.NaN));
    const shape = [3, 4].flatMap((size) => varintField(1, size));
    const message = lengthField(3, lengthField(2, [...shape, ...values]));
    const { error, body } = await callUnary(
      client,
      "/seldon.protos.Seldon/Predict",
      { seldon: "path", namespace: "default" },
      { body: Buffer.concat(message) },
    );
    client.close();
    expect(error).toBeNull();
    const empty = Buffer.alloc(0);
    const packed = [3, 2, 2].reduce(
      (bytes, number) => embedded(bytes, number) ?? empty,
      body ?? empty,
    );
    const got = Array.from({ length: packed.length / 8 }, (_, i) => packed.readDoubleLE(8 * i));
    expect(differenceOf(got, forest.P.slice(0, 3).flat())).toBeLessThan(1e-6);
  });

  it("speaks the Open Inference Protocol, and describes itself", async () => {
    const rows = (trees.X as readonly (number | null)[][]).filter((row) => !row.includes(null));
    const want = trees.P.filter((_answer, i) => !(trees.X[i] as unknown[]).includes(null));
    const { json } = await post(at("file/v2/models/m/infer"), {
      inputs: [{ name: "x", datatype: "FP64", shape: [rows.length, 4], data: rows.flat() }],
    });
    expect(json.outputs[0]).toMatchObject({
      name: "predict",
      datatype: "FP64",
      shape: [rows.length, 3],
    });
    expect(differenceOf(json.outputs[0]?.data ?? [], want)).toBeLessThan(1e-6);
    const response = await fetch(at("file/v2/models/m"));
    expect(await response.json()).toMatchObject({
      name: "m",
      platform: "lightgbm",
      inputs: [{ name: "features", datatype: "FP64", shape: [-1, 4] }],
      outputs: [{ name: "predict", datatype: "FP64", shape: [-1, 3] }],
    });
  });

  it("speaks it over gRPC, too", async () => {
    const index = trees.X.findIndex((row) => !(row as unknown[]).includes(null));
    const row = trees.X[index] as readonly number[];
    const tensor = [
      ...textField(1, "x"),
      ...textField(2, "FP64"),
      ...integersField(3, [1, row.length]),
      ...lengthField(5, doublesField(7, row)),
    ];
    const client = makeClient(port);
    const { error, body } = await callUnary(
      client,
      "/inference.GRPCInferenceService/ModelInfer",
      { seldon: "file", namespace: "default" },
      { body: Buffer.concat([...textField(1, "m"), ...lengthField(5, tensor)]) },
    );
    client.close();
    expect(error).toBeNull();
    const packed = [5, 5, 7].reduce<Buffer | undefined>(
      (bytes, number) => bytes && embedded(bytes, number),
      body,
    );
    const got = Array.from({ length: 3 }, (_, i) => packed?.readDoubleLE(8 * i));
    expect(differenceOf(got, trees.P[index] as readonly unknown[])).toBeLessThan(1e-6);
  });

  it("serves what it has fetched", async () => {
    const { json } = await post(at("http/api/v1.0/predictions"), { data: { ndarray: texts.X } });
    expect(differenceOf(json.data.ndarray, texts.P)).toBeLessThan(1e-6);
  });

  it("answers 400 with the place of what it cannot work with", async () => {
    const { status, json } = await post(at("path/api/v1.0/predictions"), {
      data: {
        ndarray: [
          [1, 2, 3, 4],
          [1, 2, "x", 4],
        ],
      },
    });
    expect([status, json.status.info]).toEqual([
      400,
      expect.stringContaining('row 1, column 2 ("pl")'),
    ]);
  });
});

describe("a model that cannot be had", () => {
  it.each([
    {
      name: "a path that is not there",
      modelUri: "none.json",
      said: /graph\.modelUri: .*none\.json does not exist/,
    },
    {
      name: "a store that is not read",
      modelUri: "azureblob://b/m",
      said: /graph\.modelUri: is not read on this machine/,
    },
    { name: "a file that is none", modelUri: "file://host/a", said: /graph\.modelUri: / },
  ])("is told before anything starts: $name", async ({ modelUri, said }) => {
    const failed = startUp([bench.write("bad.json", served("bad", modelUri, "seldon"))]);
    expect(await failed.exited).toBe(1);
    await failed.line(said);
  });

  it(
    "is told by the process that reads it",
    async () => {
      writeFileSync(join(bench.folder, "bad.txt"), "tree\nversion=v4\n");
      const failed = startUp([bench.write("bad.json", served("bad", "bad.txt", "seldon"))]);
      await failed.line(/espalier serve: .*bad\.txt, end of trees: /);
      await failed.stop();
    },
    startMs,
  );
});
