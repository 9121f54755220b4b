import type { ApiShapes } from "./protocol.ts";

const tensor = {
  type: "object",
  required: ["name", "shape", "datatype"],
  properties: {
    name: { type: "string" },
    shape: { type: "array", items: { type: "integer" } },
    datatype: { type: "string", description: "FP32, FP64, INT64, BOOL, BYTES, ..." },
    parameters: { type: "object" },
    data: { type: "array", items: {} },
  },
};

const tensors = { type: "array", items: { $ref: "#/components/schemas/Tensor" } };

/** Source: Open Inference Protocol, REST; engine contract, 3. */
export const openInferenceShapes: ApiShapes = {
  schemas: {
    Tensor: tensor,
    InferenceMessage: {
      type: "object",
      description: "A request has inputs, an answer has outputs.",
      properties: {
        id: { type: "string" },
        model_name: { type: "string" },
        parameters: { type: "object" },
        inputs: tensors,
        outputs: tensors,
      },
    },
    Error: { type: "object", properties: { error: { type: "string" } } },
  },
  message: { $ref: "#/components/schemas/InferenceMessage" },
  feedback: {},
  error: { $ref: "#/components/schemas/Error" },
};
