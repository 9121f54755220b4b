/** An ONNX model behind `espalier serve`, with onnxruntime-node and without. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { onnxruntimePackages } from "../peers/environment/onnxruntime.ts";
import { makeProcesses } from "../peers/support/processes.ts";
import { type Served, startServe } from "../peers/support/serve.ts";
import { casesIn, differenceOf, fixtures } from "./answers.ts";
import { post } from "./ask.ts";

// biome-ignore lint/style/noProcessEnv: the door of these tests
const packages = onnxruntimePackages(process.env);
const processes = makeProcesses();
const startMs = 300_000;

const [found] = casesIn(fixtures).filter(({ kind }) => kind === "ONNX");
if (found === undefined) throw new Error("there is no ONNX model among the fixtures");
const one = found;

let served: Served;
beforeAll(async () => {
  const parameters = [{ name: "output", value: "probabilities", type: "STRING" }];
  const target = join(fixtures, "small-onnx.onnx");
  const env = { NODE_PATH: packages };
  served = await startServe(processes, { unit: "m", target, parameters, env });
}, startMs);
afterAll(() => processes.stopAll(), startMs);

describe("an ONNX model", () => {
  it("answers in both protocols", async () => {
    const seldon = await post(`${served.url}/predict`, { data: { ndarray: one.X } });
    expect(differenceOf(seldon.json.data.ndarray, one.P)).toBeLessThan(1e-6);
    const data = one.X.flat();
    const input = { name: "features", datatype: "FP32", shape: [one.X.length, 4], data };
    const { json } = await post(`${served.url}/v2/models/m/infer`, { inputs: [input] });
    expect(json.outputs[0]).toMatchObject({ name: "probabilities", datatype: "FP32" });
    expect(differenceOf(json.outputs[0]?.data ?? [], one.P)).toBeLessThan(1e-6);
  });

  it("describes its inputs and outputs", async () => {
    const response = await fetch(`${served.url}/v2/models/m`);
    expect(await response.json()).toMatchObject({
      platform: "onnxruntime_onnx",
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 4] }],
      outputs: [{ name: "probabilities", datatype: "FP32", shape: [-1, 3] }],
    });
  });

  it("refuses rows of another width, naming the input", async () => {
    const { status, json } = await post(`${served.url}/predict`, {
      data: { ndarray: [[1, 2, 3]] },
    });
    expect([status, json.status.info]).toEqual([400, expect.stringContaining("input features")]);
  });

  it("says what to install where the package is missing", async () => {
    const bare = processes.start({
      name: "bare",
      file: join(import.meta.dirname, "../../bin/espalier"),
      args: ["serve", join(fixtures, "small-onnx.onnx")],
      cwd: processes.folder,
      env: { PATH: "/usr/bin:/bin" },
    });
    await bare.line(/npm install --ignore-scripts onnxruntime-node/);
  });
});
