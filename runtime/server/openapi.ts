/** The engine's API described for machines, made from the protocol's routes. OpenAPI 3.0.3. */
import type { Action, RestRoute } from "../protocol/protocol.ts";

export type Deployment = {
  readonly deployment: string;
  readonly namespace: string;
  readonly predictor: string;
};

const summaries: Readonly<Record<Action, string>> = {
  predict: "Send a message through the graph",
  stream: "Send a message to the model and read its answer as it comes",
  feedback: "Tell the graph how good an answer was",
  status: "Health of one node, as the node says it",
  ready: "Is every node of the graph there? 200 or 503",
  "server-live": "Is the engine there?",
  "server-metadata": "What the engine is",
  metadata: "Metadata of one node, as the node says it",
  "graph-metadata": "Metadata of all nodes, and the graph's inputs and outputs",
};

const message = { $ref: "#/components/schemas/SeldonMessage" };
const content = (schema: object) => ({ "application/json": { schema } });

const operation = ({ action, path }: RestRoute): object => ({
  summary: summaries[action],
  ...(path.includes("{unit}") && {
    parameters: [{ name: "unit", in: "path", required: true, schema: { type: "string" } }],
  }),
  ...(action === "predict" && { requestBody: { required: true, content: content(message) } }),
  ...(action === "feedback" && {
    requestBody: { required: true, content: content({ $ref: "#/components/schemas/Feedback" }) },
  }),
  responses: {
    "200": {
      description: "The answer",
      ...(action === "predict" || action === "feedback" ? { content: content(message) } : {}),
    },
    default: {
      description: "A node's own error, or one of the engine: status.info says what went wrong",
      content: content(message),
    },
  },
});

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

export const openApi = (routes: readonly RestRoute[], about: Deployment): object => {
  const paths: Record<string, object> = {};
  for (const route of routes) {
    paths[route.path] = { [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: `${about.namespace}/${about.deployment}, predictor ${about.predictor}`,
      description: "An inference graph served by Espalier.",
      version: "v1.0",
    },
    paths,
    components: { schemas },
  };
};
