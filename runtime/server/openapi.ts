/** The engine's API described for machines, made from the protocol's routes. OpenAPI 3.0.3. */
import type { Action, ApiShapes, RestRoute } from "../protocol/protocol.ts";

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

const content = (schema: object) => ({ "application/json": { schema } });

const operation = ({ action, path }: RestRoute, shapes: ApiShapes): object => {
  const sends = action === "predict" || action === "feedback";
  const body = action === "feedback" ? shapes.feedback : shapes.message;
  return {
    summary: summaries[action],
    ...(path.includes("{unit}") && {
      parameters: [{ name: "unit", in: "path", required: true, schema: { type: "string" } }],
    }),
    ...(sends && { requestBody: { required: true, content: content(body) } }),
    responses: {
      "200": { description: "The answer", ...(sends && { content: content(shapes.message) }) },
      default: {
        description: "A node's own error, or one of the engine",
        content: content(shapes.error),
      },
    },
  };
};

export const openApi = (
  routes: readonly RestRoute[],
  shapes: ApiShapes,
  about: Deployment,
): object => {
  const paths: Record<string, object> = {};
  for (const route of routes) {
    const methods = { [route.method.toLowerCase()]: operation(route, shapes) };
    paths[route.path] = { ...paths[route.path], ...methods };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: `${about.namespace}/${about.deployment}, predictor ${about.predictor}`,
      description: "An inference graph served by Espalier.",
      version: "v1.0",
    },
    paths,
    components: { schemas: shapes.schemas },
  };
};
