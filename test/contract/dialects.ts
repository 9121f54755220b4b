/** Each protocol over each transport: where things are asked for, and containers that answer there. */
import type { UnitSource } from "../../api/plan.ts";
import type { Later } from "./cleanup.ts";
import { at, type Engine } from "./engine.ts";
import { type Form, forms, type Protocol, type Row, type Transport } from "./forms.ts";
import { openGrpcClient, openGrpcHost } from "./grpc.ts";
import { openRestHost, post } from "./rest.ts";

/** What one container does. */
export type Act =
  | { readonly does: "predict" | "transform-input" | "transform-output"; by(row: Row): Row }
  | { readonly does: "route"; by(row: Row): number }
  | { readonly does: "aggregate"; by(rows: readonly Row[]): Row };

/** A graph whose nodes are containers that act, or built in. */
export type Tree = {
  readonly name: string;
  readonly act?: Act;
  readonly unit?: Partial<UnitSource>;
  readonly children?: readonly Tree[];
};

/** What came of a prediction. `route` is what the answer tells of routers. */
export type Predicted =
  | { readonly row: Row; readonly route: string | undefined }
  | { readonly failed: number; readonly why: string };

export type Dialect = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly transport: Transport;
  /** Opens a container for an act; it takes the calls of its act alone. */
  open(later: Later, name: string, act: Act): Promise<Opened>;
  predict(later: Later, engine: Engine, row: Row): Promise<Predicted>;
};

export type Opened = {
  readonly endpoint: NonNullable<UnitSource["endpoint"]>;
  /** How often it was called. */
  calls(): number;
};

/** Source: engine contract, 5.1. */
const restPaths: Readonly<Record<Protocol, (does: Act["does"], name: string) => string>> = {
  seldon: (does) => `/${does}`,
  v2: (does, name) => `/v2/models/${name}/${methodOf(does, "infer")}`,
  tensorflow: (does, name) => `/v1/models/${name}:${methodOf(does, "predict")}`,
};

const methodOf = (does: Act["does"], usual: string): string =>
  does === "route" || does === "aggregate" ? does : usual;

/** Source: engine contract, 5.3; v2 and tensorflow have one RPC that carries tensors. */
const seldonRpcs: Readonly<Record<Act["does"], string>> = {
  predict: "/seldon.protos.Model/Predict",
  "transform-input": "/seldon.protos.Transformer/TransformInput",
  "transform-output": "/seldon.protos.OutputTransformer/TransformOutput",
  route: "/seldon.protos.Router/Route",
  aggregate: "/seldon.protos.Combiner/Aggregate",
};
const modelInfer = "/inference.GRPCInferenceService/ModelInfer";
const tensorflowPredict = "/tensorflow.serving.PredictionService/Predict";
const grpcMethods: Readonly<Record<Protocol, (does: Act["does"]) => string>> = {
  seldon: (does) => seldonRpcs[does],
  v2: () => modelInfer,
  tensorflow: () => tensorflowPredict,
};

/** Where clients send predictions. Source: engine contract, 2.1, 3.1 and 4.1. */
const asked: Readonly<Record<Protocol, Readonly<Record<Transport, string>>>> = {
  seldon: { REST: "/api/v1.0/predictions", gRPC: "/seldon.protos.Seldon/Predict" },
  v2: { REST: "/v2/models/infer", gRPC: modelInfer },
  tensorflow: { REST: "/v1/models/:predict", gRPC: tensorflowPredict },
};

const respond = (form: Form, act: Act, body: Buffer): Buffer => {
  switch (act.does) {
    case "route":
      return form.route(act.by(form.weighed(body)));
    case "aggregate":
      return form.answer(act.by(form.rows(body)));
    default:
      return form.answer(act.by(form.heard(body)));
  }
};

const overRest = (protocol: Protocol): Dialect => {
  const form = forms[protocol].REST;
  return {
    name: `${protocol} over REST`,
    protocol,
    transport: "REST",
    open: async (later, name, act) => {
      const path = restPaths[protocol](act.does, name);
      const host = await openRestHost(later, {
        [path]: ({ body }) => ({ body: respond(form, act, body) }),
      });
      return { endpoint: at(host), calls: () => host.seen.length };
    },
    predict: async (_later, engine, row) => {
      const path = asked[protocol].REST;
      const { status, body, headers } = await post(engine.httpPort, path, form.request(row));
      if (status !== 200) return { failed: status, why: body.toString() };
      const route = headers["seldon-route"];
      return { row: form.read(body), route: route?.toString() };
    },
  };
};

const overGrpc = (protocol: Protocol): Dialect => {
  const form = forms[protocol].gRPC;
  return {
    name: `${protocol} over gRPC`,
    protocol,
    transport: "gRPC",
    open: async (later, _name, act) => {
      const host = await openGrpcHost(later, {
        unary: { [grpcMethods[protocol](act.does)]: ({ body }) => respond(form, act, body) },
      });
      return { endpoint: at(host), calls: () => host.seen.length };
    },
    predict: async (later, engine, row) => {
      const client = openGrpcClient(later, engine.grpcPort);
      const answer = await client.ask(asked[protocol].gRPC, form.request(row));
      if (answer.code !== 0) return { failed: answer.code, why: answer.details };
      const [route] = answer.initial.get("seldon-route");
      return { row: form.read(answer.body), route: route?.toString() };
    },
  };
};

export const dialects: readonly Dialect[] = (["seldon", "v2", "tensorflow"] as const).flatMap(
  (protocol) => [overRest(protocol), overGrpc(protocol)],
);

const types: Readonly<Record<Act["does"], string>> = {
  predict: "MODEL",
  "transform-input": "TRANSFORMER",
  "transform-output": "OUTPUT_TRANSFORMER",
  route: "ROUTER",
  aggregate: "COMBINER",
};

export type Grown = {
  readonly unit: UnitSource;
  /** Calls to containers, by name. */
  calls(): Readonly<Record<string, number>>;
};

/** Opens the containers of a tree, and makes the units that point at them. */
export const grow = async (later: Later, dialect: Dialect, tree: Tree): Promise<Grown> => {
  const { name, act } = tree;
  const opened = act === undefined ? undefined : await dialect.open(later, name, act);
  const children: Grown[] = [];
  for (const child of tree.children ?? []) children.push(await grow(later, dialect, child));
  return {
    unit: {
      name,
      ...(act !== undefined && { type: types[act.does] }),
      ...(opened !== undefined && { endpoint: opened.endpoint }),
      ...tree.unit,
      children: children.map(({ unit }) => unit),
    },
    calls: () =>
      Object.assign(
        opened === undefined ? {} : { [name]: opened.calls() },
        ...children.map(({ calls }) => calls()),
      ),
  };
};
