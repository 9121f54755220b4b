/** The component's interface as an OpenAPI document: `GET /seldon.json`. Source: engine contract, 2.7 and 11.1. */
const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

const jsonContent = (name: string): object => ({
  "application/json": { schema: reference(name) },
});

const answers = (name: string): object => ({
  "200": { description: "The answer", content: jsonContent(name) },
  default: { description: "Why there is none", content: jsonContent("Error") },
});

const operation = (summary: string, request: string, answer = "SeldonMessage"): object => ({
  summary,
  requestBody: { required: true, content: jsonContent(request) },
  responses: answers(answer),
});

const post = (summary: string, request = "SeldonMessage"): object => ({
  post: operation(summary, request),
});

const get = (summary: string, answer: string): object => ({
  get: { summary, responses: answers(answer) },
});

const anyObject = { type: "object", additionalProperties: true };
const stringMap = { type: "object", additionalProperties: { type: "string" } };
const strings = { type: "array", items: { type: "string" } };

const schemas = {
  SeldonMessage: {
    type: "object",
    description: "At most one of data, binData, strData and jsonData.",
    properties: {
      status: reference("Status"),
      meta: reference("Meta"),
      data: reference("DefaultData"),
      binData: { type: "string", format: "byte" },
      strData: { type: "string" },
      jsonData: {},
    },
  },
  DefaultData: {
    type: "object",
    description: "At most one of tensor, ndarray and tftensor.",
    properties: {
      names: strings,
      tensor: reference("Tensor"),
      ndarray: { type: "array", items: {} },
      tftensor: anyObject,
    },
  },
  Tensor: {
    type: "object",
    properties: {
      shape: { type: "array", items: { type: "integer" } },
      values: { type: "array", items: { type: "number" } },
    },
  },
  Meta: {
    type: "object",
    properties: {
      puid: { type: "string" },
      tags: anyObject,
      routing: { type: "object", additionalProperties: { type: "integer" } },
      requestPath: stringMap,
      metrics: { type: "array", items: reference("Metric") },
    },
  },
  Metric: {
    type: "object",
    properties: {
      key: { type: "string" },
      type: { type: "string", enum: ["COUNTER", "GAUGE", "TIMER"] },
      value: { type: "number" },
      tags: stringMap,
    },
  },
  SeldonMessageList: {
    oneOf: [
      { type: "array", items: reference("SeldonMessage") },
      {
        type: "object",
        properties: { seldonMessages: { type: "array", items: reference("SeldonMessage") } },
      },
    ],
  },
  Feedback: {
    type: "object",
    additionalProperties: false,
    properties: {
      request: reference("SeldonMessage"),
      response: reference("SeldonMessage"),
      truth: reference("SeldonMessage"),
      reward: { type: "number" },
    },
  },
  Metadata: {
    type: "object",
    properties: {
      name: { type: "string" },
      versions: strings,
      platform: { type: "string" },
      inputs: { type: "array", items: anyObject },
      outputs: { type: "array", items: anyObject },
      custom: stringMap,
    },
  },
  Status: {
    type: "object",
    properties: {
      code: { type: "integer" },
      info: { type: "string" },
      reason: { type: "string" },
      status: { oneOf: [{ type: "integer" }, { type: "string" }] },
    },
  },
  Error: { type: "object", properties: { status: reference("Status") } },
};

const ping = {
  get: {
    summary: "Says pong",
    responses: {
      "200": { description: "pong", content: { "text/plain": { schema: { type: "string" } } } },
    },
  },
};

export const openApi = {
  openapi: "3.0.3",
  info: { title: "Espalier component", version: "1.0" },
  paths: {
    "/predict": post("Predicts"),
    "/api/v1.0/predictions": post("Predicts"),
    "/api/v0.1/predictions": post("Predicts"),
    "/send-feedback": post("Takes the truth about a prediction", "Feedback"),
    "/api/v1.0/feedback": post("Takes the truth about a prediction", "Feedback"),
    "/api/v0.1/feedback": post("Takes the truth about a prediction", "Feedback"),
    "/transform-input": post("Changes a message on its way in"),
    "/transform-output": post("Changes a message on its way out"),
    "/route": post("Chooses a child"),
    "/aggregate": post("Makes one message of several", "SeldonMessageList"),
    "/health/ping": ping,
    "/health/status": get("Says whether the model is healthy", "SeldonMessage"),
    "/api/v1.0/health/status": get("Says whether the model is healthy", "SeldonMessage"),
    "/metadata": get("Describes the model", "Metadata"),
    "/api/v1.0/metadata": get("Describes the model", "Metadata"),
  },
  components: { schemas },
};
