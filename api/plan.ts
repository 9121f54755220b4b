/**
 * The plan: what the operator tells an engine about its predictor, in the variable
 * `ENGINE_PREDICTOR`, and nothing else. The engine restarts exactly when the plan changes.
 *
 * Source: design 5.1.6, engine contract 1.3.
 */
import { failure, type Issue, type Result, success } from "./result.ts";

export type PlanParameter = {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
};

export type PlanEndpoint = {
  readonly service_host?: string;
  readonly service_port?: number;
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly type?: string;
};

/** One node of the graph, as the engine reads it. */
export type PlanUnit = {
  readonly name: string;
  readonly children: readonly PlanUnit[];
  readonly type?: string;
  readonly implementation?: string;
  readonly methods: readonly string[];
  readonly endpoint?: PlanEndpoint;
  readonly parameters: readonly PlanParameter[];
  readonly logger?: { readonly url?: string; readonly mode?: string };
};

export type Plan = {
  readonly name: string;
  readonly graph: PlanUnit;
  /** The predictor annotation `version`: a label of every metric. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Image by container name: labels of the metrics of calls to nodes. */
  readonly images: Readonly<Record<string, string>>;
};

/** What of a predictor goes into its plan; any SeldonDeployment predictor fits. */
export type PlanSource = {
  readonly name: string;
  readonly graph: UnitSource;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly componentSpecs?:
    | readonly {
        readonly spec?:
          | {
              readonly containers?:
                | readonly { readonly name: string; readonly image?: string | undefined }[]
                | undefined;
            }
          | undefined;
      }[]
    | undefined;
};
export type UnitSource = {
  readonly name: string;
  readonly children?: readonly UnitSource[] | undefined;
  readonly type?: string | undefined;
  readonly implementation?: string | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly endpoint?:
    | { readonly [Key in keyof PlanEndpoint]?: PlanEndpoint[Key] | undefined }
    | undefined;
  readonly parameters?:
    | readonly {
        readonly name: string;
        readonly value: string;
        readonly type?: string | undefined;
      }[]
    | undefined;
  readonly logger?:
    | { readonly url?: string | undefined; readonly mode?: string | undefined }
    | undefined;
};

/** The graph as it travels: known fields in a fixed order, so that equal plans are equal bytes. */
const unitJson = (unit: UnitSource): object => ({
  name: unit.name,
  children: unit.children?.length ? unit.children.map(unitJson) : undefined,
  type: unit.type,
  implementation: unit.implementation,
  methods: unit.methods?.length ? unit.methods : undefined,
  endpoint: unit.endpoint && {
    service_host: unit.endpoint.service_host,
    service_port: unit.endpoint.service_port,
    type: unit.endpoint.type,
    httpPort: unit.endpoint.httpPort,
    grpcPort: unit.endpoint.grpcPort,
  },
  parameters: unit.parameters?.length
    ? unit.parameters.map(({ name, value, type }) => ({ name, value, type }))
    : undefined,
  logger: unit.logger && { url: unit.logger.url, mode: unit.logger.mode },
});

const sorted = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The value of `ENGINE_PREDICTOR`: base64 of the reduced PredictorSpec as JSON. */
export const encodePlan = (predictor: PlanSource): string => {
  const version = predictor.annotations?.["version"];
  const json = {
    name: predictor.name,
    graph: unitJson(predictor.graph),
    componentSpecs: predictor.componentSpecs?.map(({ spec }) => ({
      spec: { containers: spec?.containers?.map(({ name, image }) => ({ name, image })) },
    })),
    annotations: version === undefined ? undefined : { version },
    labels: predictor.labels && sorted(predictor.labels),
  };
  return Buffer.from(JSON.stringify(json)).toString("base64");
};

/** Reads `ENGINE_PREDICTOR`, in the reduced form above or as v1's whole PredictorSpec. */
export const decodePlan = (encoded: string): Result<Plan> => {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) {
    return failure([{ path: "ENGINE_PREDICTOR", message: "is not base64" }]);
  }
  try {
    return readPlan(JSON.parse(text), "ENGINE_PREDICTOR");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure([{ path: "ENGINE_PREDICTOR", message: `does not hold JSON: ${why}` }]);
  }
};

/** Makes a plan of a PredictorSpec. Keys match in any case, and unknown ones are passed over. */
export const readPlan = (value: unknown, path: string): Result<Plan> => {
  const issues: Issue[] = [];
  const predictor = object(value);
  if (predictor === undefined)
    return failure([{ path, message: "must be a predictor, an object" }]);
  const graph = readUnit(predictor.get("graph"), `${path}.graph`, issues);
  if (graph === undefined || issues.length > 0) return failure(issues);
  return success({
    name: string(predictor.get("name")) ?? "",
    graph,
    version: string(object(predictor.get("annotations"), exact)?.get("version")) ?? "",
    labels: strings(predictor.get("labels")),
    images: readImages(predictor.get("componentspecs")),
  });
};

const deepest = 1000; // far beyond what a manifest may hold; keeps a hostile plan off the stack

const readUnit = (
  value: unknown,
  path: string,
  issues: Issue[],
  depth = 0,
): PlanUnit | undefined => {
  const unit = object(value);
  const name = string(unit?.get("name"));
  if (unit === undefined || depth > deepest) {
    issues.push({ path, message: "must be a graph node: an object with a name" });
    return undefined;
  }
  if (name === undefined || name === "") {
    issues.push({ path: `${path}.name`, message: "is missing: every graph node needs a name" });
  }
  const children = list(unit.get("children")).map((child, i) =>
    readUnit(child, `${path}.children[${i}]`, issues, depth + 1),
  );
  const endpoint = object(unit.get("endpoint"));
  const logger = object(unit.get("logger"));
  return {
    name: name ?? "",
    children: children.filter((child) => child !== undefined),
    methods: list(unit.get("methods")).filter((method) => typeof method === "string"),
    parameters: list(unit.get("parameters")).map((one, i) =>
      readParameter(one, `${path}.parameters[${i}]`, issues),
    ),
    ...optional("type", string(unit.get("type"))),
    ...optional("implementation", string(unit.get("implementation"))),
    ...(endpoint && { endpoint: readEndpoint(endpoint) }),
    ...(logger && {
      logger: {
        ...optional("url", string(logger.get("url"))),
        ...optional("mode", string(logger.get("mode"))),
      },
    }),
  };
};

const readEndpoint = (endpoint: ReadonlyMap<string, unknown>): PlanEndpoint => ({
  ...optional("service_host", string(endpoint.get("service_host"))),
  ...optional("service_port", port(endpoint.get("service_port"))),
  ...optional("httpPort", port(endpoint.get("httpport"))),
  ...optional("grpcPort", port(endpoint.get("grpcport"))),
  ...optional("type", string(endpoint.get("type"))),
});

const readParameter = (given: unknown, path: string, issues: Issue[]): PlanParameter => {
  const parameter = object(given);
  const value = parameter?.get("value") ?? "";
  if (typeof value !== "string") {
    const said = JSON.stringify(value).slice(0, 100);
    issues.push({ path: `${path}.value`, message: `is ${said}; write it as text, in quotes` });
  }
  return {
    name: string(parameter?.get("name")) ?? "",
    value: string(value) ?? "",
    ...optional("type", string(parameter?.get("type"))),
  };
};

const readImages = (value: unknown): Readonly<Record<string, string>> => {
  const images: Record<string, string> = Object.create(null); // a container may be called __proto__
  for (const component of list(value)) {
    for (const item of list(object(object(component)?.get("spec"))?.get("containers"))) {
      const container = object(item);
      const name = string(container?.get("name"));
      if (name !== undefined) images[name] ??= string(container?.get("image")) ?? "";
    }
  }
  return images;
};

const exact = (key: string): string => key;
const anyCase = (key: string): string => key.toLowerCase();

/** An object's entries by key. Go's JSON, which v1 reads it with, matches keys in any case. */
const object = (
  value: unknown,
  spell: (key: string) => string = anyCase,
): ReadonlyMap<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value).map(([key, entry]) => [spell(key), entry]))
    : undefined;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const string = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

const port = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536
    ? value
    : undefined;

const strings = (value: unknown): Readonly<Record<string, string>> => {
  const entries = [...(object(value, exact) ?? [])];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
};

const optional = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: Value }); // a computed key widens to string
