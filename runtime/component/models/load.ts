/** From the path of a file to the model that a component serves. */
import { open } from "node:fs/promises";
import { failure, type Issue, type Result, success } from "../../../api/result.ts";
import { parseJson } from "../json.ts";
import type { Parameters } from "../parameters.ts";
import type { Model } from "../user.ts";
import { ModelFault } from "./fault.ts";
import { rootOf } from "./field.ts";
import { jsonKindOf, kindOf } from "./kind.ts";
import { readOptions } from "./options.ts";
import type { ModelOptions, StoredModel } from "./stored-model.ts";

/** The largest text that Node can hold. */
const mostTextBytes = 512 * 1024 * 1024 - 1024;
/** The largest message of Protocol Buffers, which an ONNX model is. */
const mostBytes = 2 ** 31 - 1;

/**
 * Reads the model in `file`. What is wrong with it is an issue that names the file and the field.
 *
 * `parameters` are those of the node.
 */
export const loadStoredModel = async (
  file: string,
  parameters: Parameters,
): Promise<Result<Model>> => {
  const warnings: Issue[] = [];
  try {
    const options = readOptions(parameters, warnings);
    const stored = await read(file, options);
    for (const message of stored.warnings ?? []) warnings.push({ path: file, message });
    return success(asModel(stored, options), warnings);
  } catch (thrown) {
    if (thrown instanceof ModelFault) {
      const { field, message } = thrown;
      return failure([{ path: field === "" ? file : `${file}, ${field}`, message }], warnings);
    }
    const { code, message } = thrown as NodeJS.ErrnoException; // of the system, or a defect
    if (code === undefined) throw thrown;
    return failure([{ path: file, message: `cannot be read: ${message}` }], warnings);
  }
};

const read = async (file: string, options: ModelOptions): Promise<StoredModel> => {
  const bytes = await bytesOf(file);
  const kind = kindOf(bytes);
  if (kind === "onnx") {
    const { readOnnx } = await import("./onnx.ts");
    return readOnnx(bytes, file, options);
  }
  if (bytes.length > mostTextBytes) {
    throw new ModelFault(
      "",
      `has ${bytes.length} bytes: at most ${mostTextBytes} are read of a text`,
    );
  }
  const text = new TextDecoder().decode(bytes);
  if (kind === "lightgbm") {
    const { readLightgbm } = await import("./lightgbm.ts");
    return readLightgbm(text, options);
  }
  const value = jsonOf(text);
  if (jsonKindOf(value) === "xgboost") {
    const { readXgboost } = await import("./xgboost.ts");
    return readXgboost(rootOf(value), options);
  }
  const { readEspalier } = await import("./espalier.ts");
  return readEspalier(rootOf(value), options);
};

const bytesOf = async (file: string): Promise<Buffer> => {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size > mostBytes) {
      throw new ModelFault("", `has ${size} bytes: at most ${mostBytes} are read`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return parseJson(text, "the file");
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ModelFault("", `is not whole JSON: ${why}`);
  }
};

const asModel = (stored: StoredModel, { classNames }: ModelOptions): Model => {
  const { platform, inputs, outputs, featureNames } = stored;
  const names = classNames ?? stored.classNames;
  const custom = {
    ...(featureNames.length > 0 ? { features: JSON.stringify(featureNames) } : {}),
    ...(names.length > 0 ? { classes: JSON.stringify(names) } : {}),
  };
  return {
    predict: (X, columns) => stored.predict(X, columns),
    metadata: () => ({ platform, inputs, outputs, custom }),
    ...(names.length > 0 ? { classNames: names } : {}),
  };
};
