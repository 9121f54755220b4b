import type { ApiShapes } from "./protocol.ts";

const message = { $ref: "#/components/schemas/SeldonMessage" };

/** Source: engine contract, 2.7. */
const schemas = {
  SeldonMessage: {
    type: "object",
    description: "At most one of data, binData, strData, jsonData and customData.",
    properties: {
      status: { $ref: "#/components/schemas/Status" },
      meta: { $ref: "#/components/schemas/Meta" },
      data: { $ref: "#/components/schemas/DefaultData" },
      binData: { type: "string", format: "byte" },
      strData: { type: "string" },
      jsonData: {},
      customData: { type: "object" },
    },
  },
  DefaultData: {
    type: "object",
    description: "Column names, and one of ndarray, tensor and tftensor.",
    properties: {
      names: { type: "array", items: { type: "string" } },
      ndarray: { type: "array", items: {} },
      tensor: {
        type: "object",
        properties: {
          shape: { type: "array", items: { type: "integer" } },
          values: { type: "array", items: { type: "number" } },
        },
      },
      tftensor: { type: "object" },
    },
  },
  Meta: {
    type: "object",
    properties: {
      puid: { type: "string" },
      tags: { type: "object" },
      routing: { type: "object", additionalProperties: { type: "integer" } },
      requestPath: { type: "object", additionalProperties: { type: "string" } },
      metrics: { type: "array", items: { type: "object" } },
    },
  },
  Status: {
    type: "object",
    properties: {
      code: { type: "integer" },
      info: { type: "string" },
      reason: { type: "string" },
      status: { type: "string", enum: ["SUCCESS", "FAILURE"] },
    },
  },
  Feedback: {
    type: "object",
    properties: {
      request: message,
      response: message,
      truth: message,
      reward: { type: "number" },
    },
  },
};

/** What requests and answers look like, for the API's description. */
export const seldonShapes: ApiShapes = {
  schemas,
  message,
  feedback: { $ref: "#/components/schemas/Feedback" },
  error: message,
};
