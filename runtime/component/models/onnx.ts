import { ModelFault } from "./fault.ts";
import type { ModelOptions, StoredModel } from "./stored-model.ts";

export const readOnnx = async (_b: Buffer, _f: string, _o: ModelOptions): Promise<StoredModel> => {
  throw new ModelFault("", "is ONNX");
};
