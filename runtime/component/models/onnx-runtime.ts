/** Finds onnxruntime-node: beside espalier, in the folder that `espalier serve` was started in, or on NODE_PATH. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ModelFault } from "./fault.ts";

/** What is used of it. Source: onnxruntime-common, its declarations. */
export type Tensor = {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
};

export type Session = {
  run(
    feeds: Readonly<Record<string, Tensor>>,
    wanted: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>>;
};

export type Runtime = {
  readonly InferenceSession: {
    create(file: string, options: Readonly<Record<string, unknown>>): Promise<Session>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => Tensor;
};

const name = "onnxruntime-node";

const advice = `an ONNX model needs the package ${name}, which is not installed: npm install --ignore-scripts ${name} (its script would fetch files for GPUs)`;

/** @throws {ModelFault} that says how to install it. */
export const loadRuntime = async (): Promise<Runtime> => {
  for (const place of [import.meta.url, join(process.cwd(), "package.json")]) {
    const require = createRequire(place);
    let file: string;
    try {
      file = require.resolve(name);
    } catch {
      continue; // not there
    }
    try {
      return require(file);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ModelFault("", `an ONNX model needs ${file}, which cannot be loaded: ${why}`);
    }
  }
  throw new ModelFault("", advice);
};
