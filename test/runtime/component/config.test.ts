import { describe, expect, it } from "@jest/globals";
import { type ComponentConfig, type Env, readConfig } from "../../../runtime/component/config.ts";
import { readFlags } from "../../../runtime/component/flags.ts";
import { readParameters } from "../../../runtime/component/parameters.ts";
import { defaultLimits } from "../../../runtime/limits.ts";

const paths = (issues: readonly { readonly path: string }[]): readonly string[] =>
  issues.map(({ path }) => path);

describe("readFlags", () => {
  const rows = [
    { name: "a module", argv: ["m.ts"], values: {}, warned: [] },
    {
      name: "a value after a space",
      argv: ["m.ts", "--http-port", "1"],
      values: { "http-port": "1" },
      warned: [],
    },
    {
      name: "a value after =",
      argv: ["--http-port=1", "m.ts"],
      values: { "http-port": "1" },
      warned: [],
    },
    {
      name: "underscores",
      argv: ["m.ts", "--max_body_bytes", "1"],
      values: { "max-body-bytes": "1" },
      warned: [],
    },
    {
      name: "flags of the wrapper",
      argv: ["m.ts", "--workers", "4", "--threads=2", "--debug"],
      values: {},
      warned: ["--workers", "--threads", "--debug"],
    },
    {
      name: "a switch before the module",
      argv: ["--tracing", "m.ts", "--single-threaded", "1"],
      values: {},
      warned: ["--tracing", "--single-threaded"],
    },
  ];
  it.each(rows)("takes $name", ({ argv, values, warned }) => {
    const read = readFlags(argv);
    expect(read).toMatchObject({ ok: true, value: { module: "m.ts" } });
    expect(read.ok && read.value !== "help" && Object.fromEntries(read.value.values)).toEqual(
      values,
    );
    expect(paths(read.warnings)).toEqual(warned);
  });

  it.each([
    { name: "no module", argv: [], issues: ["MODULE"] },
    { name: "two modules", argv: ["a.ts", "b.ts"], issues: ["b.ts"] },
    { name: "an unknown flag", argv: ["a.ts", "--port", "1"], issues: ["--port", "1"] },
    { name: "a flag without its value", argv: ["a.ts", "--http-port"], issues: ["--http-port"] },
    { name: "all at once", argv: ["--x", "--host"], issues: ["--x", "--host", "MODULE"] },
  ])("refuses $name", ({ argv, issues }) => {
    const read = readFlags(argv);
    expect(read.ok ? [] : paths(read.issues)).toEqual(issues);
  });

  it("gives help wherever it is asked for", () => {
    expect(readFlags(["a.ts", "--bad", "--help"])).toMatchObject({ ok: true, value: "help" });
  });
});

type Texts = Readonly<Record<string, string>>;

const read = (values: Texts, env: Env, annotations: Texts = {}) =>
  readConfig(
    { module: "m.ts", values: new Map(Object.entries(values)) },
    env,
    new Map(Object.entries(annotations)),
  );

describe("readConfig", () => {
  const rows: readonly {
    readonly name: string;
    readonly flags?: Readonly<Record<string, string>>;
    readonly env?: Env;
    readonly annotations?: Texts;
    readonly config: Partial<ComponentConfig>;
  }[] = [
    {
      name: "has the defaults of the contract",
      config: {
        httpPort: 9000,
        grpcPort: 5000,
        metricsPort: 6000,
        metricsPath: "/metrics",
        parameters: {},
        includeMetrics: true,
        passthrough: false,
        serviceType: "MODEL",
        logLevel: "INFO",
        unitId: undefined,
        modelName: undefined,
        grpcMaxBytes: defaultLimits.maxBodyBytes,
      },
    },
    {
      name: "opens no port for gRPC without workers",
      env: { GRPC_WORKERS: "0" },
      config: { grpcPort: undefined },
    },
    {
      name: "puts the flag about workers before its variable",
      flags: { "grpc-workers": "2" },
      env: { GRPC_WORKERS: "0" },
      config: { grpcPort: 5000 },
    },
    {
      name: "takes the limit on bodies for gRPC too",
      flags: { "max-body-bytes": "9" },
      config: { grpcMaxBytes: 9 },
    },
    {
      name: "puts the pod's annotation before it",
      flags: { "max-body-bytes": "9" },
      annotations: { "seldon.io/grpc-max-message-size": "7" },
      config: { grpcMaxBytes: 7 },
    },
    {
      name: "passes over an annotation that is none",
      annotations: { "seldon.io/grpc-max-message-size": "large" },
      config: { grpcMaxBytes: defaultLimits.maxBodyBytes },
    },
    {
      name: "takes the name of a model from its pod",
      env: { MLSERVER_MODEL_NAME: "model" },
      config: { modelName: "model" },
    },
    {
      name: "puts the name of the unit before it",
      env: { MLSERVER_MODEL_NAME: "model", PREDICTIVE_UNIT_ID: "unit" },
      config: { modelName: "unit" },
    },
    {
      name: "reads the environment of a pod",
      env: {
        PREDICTIVE_UNIT_HTTP_SERVICE_PORT: "9001",
        PREDICTIVE_UNIT_GRPC_SERVICE_PORT: "9501",
        PREDICTIVE_UNIT_METRICS_SERVICE_PORT: "6001",
        PREDICTIVE_UNIT_METRICS_ENDPOINT: "/prometheus",
        PREDICTIVE_UNIT_ID: "unit",
        PREDICTIVE_UNIT_IMAGE: "host:5000/image:2",
        PREDICTIVE_UNIT_PARAMETERS: '[{"name":"a","value":"1","type":"INT"}]',
        PREDICTOR_ID: "p",
        PREDICTOR_LABELS: '{"version":"v2"}',
        SELDON_DEPLOYMENT_ID: "d",
        SELDON_LOG_LEVEL: "debug",
        INCLUDE_METRICS_IN_CLIENT_RESPONSE: "False",
        PAYLOAD_PASSTHROUGH: "t",
        MODEL_METADATA: "name: x",
      },
      config: {
        httpPort: 9001,
        grpcPort: 9501,
        metricsPort: 6001,
        metricsPath: "/prometheus",
        unitId: "unit",
        image: "host:5000/image:2",
        parameters: { a: 1 },
        logLevel: "DEBUG",
        includeMetrics: false,
        passthrough: true,
        metadataYaml: "name: x",
        metricLabels: {
          deployment_name: "d",
          model_name: "unit",
          model_image: "host:5000/image",
          model_version: "2",
          predictor_name: "p",
          predictor_version: "v2",
          seldon_deployment_name: "d",
          image_name: "host:5000/image",
          image_version: "2",
          worker_id: "0",
        },
      },
    },
    {
      name: "puts flags before the environment",
      flags: { "http-port": "1", parameters: "[]", "service-type": "router" },
      env: { PREDICTIVE_UNIT_HTTP_SERVICE_PORT: "x", PREDICTIVE_UNIT_PARAMETERS: "x" },
      config: { httpPort: 1, parameters: {}, serviceType: "ROUTER" },
    },
    {
      name: "takes limits",
      flags: { "max-body-bytes": "9", "max-concurrent-requests": "0", "idle-timeout": "1m" },
      config: { limits: { ...defaultLimits, maxBodyBytes: 9, idleTimeoutMs: 60_000 } },
    },
    {
      name: "says NOT_IMPLEMENTED for what a pod does not tell",
      env: { PREDICTOR_LABELS: "{}", PREDICTIVE_UNIT_IMAGE: "image" },
      config: {
        metricLabels: expect.objectContaining({
          image_version: "NOT_IMPLEMENTED",
          predictor_version: "NOT_IMPLEMENTED",
          image_name: "image",
        }) as never,
      },
    },
  ];
  it.each(rows)("$name", ({ flags = {}, env = {}, annotations, config }) => {
    expect(read(flags, env, annotations)).toMatchObject({ ok: true, value: config });
  });

  it("reports all faults at once, by the name of their source", () => {
    const faults = read(
      {
        "http-port": "70000",
        "service-type": "ORACLE",
        "max-body-bytes": "0",
        "header-timeout": "soon",
        "log-level": "LOUD",
      },
      { PREDICTIVE_UNIT_METRICS_SERVICE_PORT: "x", PREDICTIVE_UNIT_PARAMETERS: '[{"name":"a"}]' },
    );
    expect(faults.ok ? [] : [...paths(faults.issues)].sort()).toEqual([
      "--header-timeout",
      "--http-port",
      "--log-level",
      "--max-body-bytes",
      "--service-type",
      "PREDICTIVE_UNIT_METRICS_SERVICE_PORT",
      "PREDICTIVE_UNIT_PARAMETERS[0]",
    ]);
  });

  it("warns of variables that have no effect, or no sense", () => {
    const { warnings } = read(
      {},
      {
        GUNICORN_WORKERS: "4",
        GRPC_WORKERS: "4",
        TRACING: "1",
        SERVICE_TYPE: "ORACLE",
        PREDICTOR_LABELS: "{",
      },
      { "seldon.io/grpc-max-message-size": "0" },
    );
    expect([...paths(warnings)].sort()).toEqual([
      "GRPC_WORKERS",
      "GUNICORN_WORKERS",
      "PREDICTOR_LABELS",
      "SERVICE_TYPE",
      "TRACING",
      "annotation seldon.io/grpc-max-message-size",
    ]);
  });
});

describe("readParameters", () => {
  const one = (type: string, value: unknown): unknown => {
    const result = readParameters(JSON.stringify([{ name: "p", value, type }]), "P");
    return result.ok ? result.value["p"] : paths(result.issues);
  };
  it.each([
    { type: "INT", value: " -12 ", read: -12 },
    { type: "INT", value: 3, read: 3 },
    { type: "INT", value: "1.5", read: ["P[0]"] },
    { type: "INT", value: "", read: ["P[0]"] },
    { type: "FLOAT", value: "1e-3", read: 0.001 },
    { type: "FLOAT", value: "x", read: ["P[0]"] },
    { type: "FLOAT", value: "NaN", read: ["P[0]"] },
    { type: "DOUBLE", value: "0.5", read: 0.5 },
    { type: "DOUBLE", value: "", read: ["P[0]"] },
    { type: "STRING", value: "", read: "" },
    { type: "STRING", value: " a ", read: " a " },
    { type: "BOOL", value: "True", read: true },
    { type: "BOOL", value: "0", read: false },
    { type: "BOOL", value: "maybe", read: ["P[0]"] },
    { type: "LIST", value: "1", read: ["P[0]"] },
    { type: "STRING", value: { a: 1 }, read: ["P[0]"] },
    { type: "STRING", value: null, read: ["P[0]"] },
  ])("$type $value", ({ type, value, read: expected }) => {
    expect(one(type, value)).toEqual(expected);
  });

  it.each(["{", '{"a": 1}', "1", '[1, {"name": ""}]'])("refuses %s", (json) => {
    expect(readParameters(json, "P").ok).toBe(false);
  });
});
