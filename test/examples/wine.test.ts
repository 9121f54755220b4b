import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { load, YAML11_SCHEMA } from "js-yaml";
import { callPlain, openClient, type Rpc, seldonRpc } from "../runtime/component/grpc-client.ts";
import {
  makeAsks,
  type PlainRequest,
  type PlainTensor,
  ways,
} from "../runtime/component/inference-client.ts";
import { root, runServe, type ServeProcess, startServe } from "../support/serve-process.ts";

const folder = join(root, "examples/wine");

/** Processes start within a second; a busy machine may take longer. */
const startMs = 120_000;

type HeldOut = {
  readonly softmaxWeight: number;
  readonly accuracy: Readonly<Record<string, number>>;
  readonly names: readonly string[];
  readonly rows: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly softmax: readonly (readonly number[])[];
  readonly forest: readonly (readonly number[])[];
  readonly ensemble: readonly (readonly number[])[];
};
type Unit = {
  readonly name: string;
  readonly parameters?: readonly object[];
  readonly children?: readonly Unit[];
};
type Message = {
  readonly data: { readonly names: readonly string[]; readonly ndarray: number[][] };
};

const heldOut: HeldOut = JSON.parse(readFileSync(join(folder, "heldout.json"), "utf8"));
const manifest = load(readFileSync(join(folder, "deployment.yaml"), "utf8"), {
  schema: YAML11_SCHEMA,
}) as { spec: { predictors: [{ graph: Unit }] } }; // the example's own file

const units = (unit: Unit): readonly Unit[] => [unit, ...(unit.children ?? []).flatMap(units)];
const { graph } = manifest.spec.predictors[0];

const post = async (url: string, body: unknown): Promise<Message> => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Message; // what the test then asserts
};

const accuracyOf = (probabilities: readonly (readonly number[])[]): number => {
  const right = probabilities.filter(
    (row, i) => row.indexOf(Math.max(...row)) === heldOut.labels[i],
  );
  return right.length / probabilities.length;
};

const rowsOf = (values: readonly number[], columns: number): number[][] =>
  Array.from({ length: values.length / columns }, (_, i) =>
    values.slice(i * columns, (i + 1) * columns),
  );

const greatestDifference = (
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number =>
  Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? NaN)))));

describe("examples/wine", () => {
  const served = new Map<string, ServeProcess>();
  const urlOf = (name: string): string => served.get(name)?.url ?? "";
  let answers: Readonly<Record<"softmax" | "forest" | "ensemble", Message>>;

  beforeAll(async () => {
    for (const { name, parameters } of units(graph)) {
      const env = parameters && { PREDICTIVE_UNIT_PARAMETERS: JSON.stringify(parameters) };
      served.set(name, await startServe([`${name}.ts`], { folder, ...(env ? { env } : {}) }));
    }
    const request = { data: { names: heldOut.names, ndarray: heldOut.rows } };
    const scaled = await post(`${urlOf("scaler")}/transform-input`, request);
    const softmax = await post(`${urlOf("softmax")}/predict`, scaled);
    const forest = await post(`${urlOf("forest")}/predict`, scaled);
    const ensemble = await post(`${urlOf("ensemble")}/aggregate`, [softmax, forest]);
    answers = { softmax, forest, ensemble };
  }, startMs);

  afterAll(async () => {
    const codes = await Promise.all([...served.values()].map((process) => process.stop()));
    expect(codes).toEqual([0, 0, 0, 0]);
  }, startMs);

  for (const name of ["softmax", "forest", "ensemble"] as const) {
    it(`serves the ${name} with the accuracy of its training`, () => {
      const probabilities = answers[name].data.ndarray;
      expect(probabilities).toHaveLength(heldOut.rows.length);
      expect(accuracyOf(probabilities)).toBe(heldOut.accuracy[name]);
    });

    it(`serves the ${name} with the probabilities of scikit-learn`, () => {
      expect(greatestDifference(answers[name].data.ndarray, heldOut[name])).toBeLessThan(1e-12);
      expect(answers[name].data.names).toEqual(["cultivar_0", "cultivar_1", "cultivar_2"]);
    });
  }

  describe("over gRPC, protocol seldon", () => {
    const ask = async (name: string, rpc: Rpc, request: object) => {
      const client = openClient(served.get(name)?.grpcAddress ?? "");
      const { details, message } = await callPlain(client, rpc, request);
      client.close();
      expect(details).toBe("");
      return message as { data: { tensor: { shape: number[]; values: number[] } } }; // asserted below
    };

    it("has the accuracy of its training", async () => {
      const { names, rows } = heldOut;
      const tensor = { shape: [rows.length, names.length], values: rows.flat() };
      const request = { data: { names, tensor } };
      const scaled = await ask("scaler", seldonRpc("Transformer/TransformInput"), request);
      const softmax = await ask("softmax", seldonRpc("Model/Predict"), scaled);
      const forest = await ask("forest", seldonRpc("Model/Predict"), scaled);
      const ensemble = await ask("ensemble", seldonRpc("Combiner/Aggregate", "SeldonMessageList"), {
        seldonMessages: [softmax, forest],
      });
      for (const [name, { data }] of Object.entries({ softmax, forest, ensemble })) {
        expect(data.tensor.shape).toEqual([rows.length, 3]);
        expect(accuracyOf(rowsOf(data.tensor.values, 3))).toBe(heldOut.accuracy[name]);
      }
    });
  });

  describe.each(ways)("over v2: %s", (way) => {
    const ask = async (name: string, request: PlainRequest): Promise<readonly PlainTensor[]> => {
      const { url = "", grpcAddress = "" } = served.get(name) ?? {};
      const client = openClient(grpcAddress);
      const reply = await makeAsks(url, client)[way]?.(request);
      client.close();
      expect(reply).toMatchObject({ status: "ok", text: "" });
      return reply?.outputs ?? [];
    };

    it("has the accuracy of its training", async () => {
      const { names, rows } = heldOut;
      const columns = names.map((name, i) => ({
        name,
        datatype: "FP64",
        shape: [rows.length],
        data: rows.map((row) => row[i]),
      }));
      const scaled = await ask("scaler", { inputs: columns });
      for (const name of ["softmax", "forest"]) {
        const [output] = await ask(name, { inputs: scaled });
        expect(output?.shape).toEqual([rows.length, 3]);
        const probabilities = rowsOf((output?.data ?? []) as number[], 3); // FP64
        expect(accuracyOf(probabilities)).toBe(heldOut.accuracy[name]);
      }
    });
  });

  it("weighs the ensemble in the manifest as in the training", () => {
    const [parameter] = units(graph).find(({ name }) => name === "ensemble")?.parameters ?? [];
    expect(parameter).toEqual({
      name: "softmaxWeight",
      type: "FLOAT",
      value: String(heldOut.softmaxWeight),
    });
  });

  it("says in words which measurement a wine lacks", async () => {
    const answer = await fetch(`${urlOf("scaler")}/transform-input`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ data: { ndarray: [[13.5, 3.2]] } }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      status: { reason: "MICROSERVICE_BAD_DATA", info: "no number for ash, column 2" },
    });
  });

  it(
    "names the file when a model is cut short",
    async () => {
      const copy = mkdtempSync(join(tmpdir(), "espalier-wine-"));
      cpSync(folder, copy, { recursive: true });
      truncateSync(join(copy, "forest.json"), 5000);
      const { code, lines } = await runServe(["forest.ts"], { folder: copy });
      rmSync(copy, { recursive: true });
      expect(code).toBe(1);
      expect(lines.join("\n")).toContain("forest.json");
    },
    startMs,
  );
});
