import { describe, expect, it } from "@jest/globals";
import { version } from "../../api/version.ts";
import { type OperatorConfig, readConfig } from "../../operator/config.ts";
import { withRelatedImages } from "../../operator/environment.ts";
import type { Environment } from "../../operator/variables.ts";

const read = (argv: readonly string[] = [], env: Environment = {}): OperatorConfig => {
  const result = readConfig(argv, env);
  if (!result.ok) throw new Error(result.faults.join("; "));
  return result.config;
};
const faultsOf = (argv: readonly string[], env: Environment): readonly string[] => {
  const result = readConfig(argv, env);
  return result.ok ? [] : result.faults;
};
const warningsOf = (env: Environment): readonly string[] => {
  const result = readConfig([], env);
  return result.ok ? result.warnings : [];
};

describe("readConfig", () => {
  it("has v1's defaults", () => {
    const config = read();
    expect(config).toMatchObject({
      admin: { host: undefined, port: 8080 },
      namespace: "",
      operatorNamespace: "default",
      configNamespace: "seldon-system",
      controllerId: "",
      election: undefined,
      webhook: undefined,
      workers: 4,
      rollEngines: false,
      logLevel: "INFO",
    });
    expect(config.settings).toMatchObject({
      engineImage: `espalier/espalier:${version}`,
      engineUser: "",
      defaultUserId: "",
      istioGateway: "seldon-gateway",
      ambassadorVersion: "v1",
      engineHttpPort: 8000,
      engineGrpcPort: 5001,
      istioEnabled: false,
    });
  });

  it("takes the command line of v1's chart", () => {
    const config = read(
      [
        "--enable-leader-election",
        "--webhook-port=4443",
        "--create-resources=false",
        "--leader-election-lease-duration-secs=15",
        "--leader-election-renew-deadline-secs=10",
        "--leader-election-retry-period-secs=2",
        "",
      ],
      { POD_NAMESPACE: "seldon", CONTROLLER_ID: "blue", WATCH_NAMESPACE: "" },
    );
    expect(config.election).toEqual({
      name: "a33bd623.machinelearning.seldon.io",
      times: { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 },
    });
    expect(config).toMatchObject({
      operatorNamespace: "seldon",
      configNamespace: "seldon",
      controllerId: "blue",
    });
  });

  it.each<{ name: string; argv?: readonly string[]; env?: Environment; want: object }>([
    {
      name: "WATCH_NAMESPACE",
      argv: ["--namespace=a"],
      env: { WATCH_NAMESPACE: "b" },
      want: { namespace: "b" },
    },
    { name: "--namespace", argv: ["-namespace", "a"], want: { namespace: "a" } },
    {
      name: "POD_NAMESPACE",
      argv: ["--operator-namespace=a"],
      env: { POD_NAMESPACE: "b" },
      want: { operatorNamespace: "b" },
    },
    {
      name: "--operator-namespace",
      argv: ["--operator-namespace=a"],
      want: { operatorNamespace: "a", configNamespace: "seldon-system" },
    },
    {
      name: "SELDON_LOG_LEVEL",
      env: { SELDON_LOG_LEVEL: "warning" },
      want: { logLevel: "warning" },
    },
    {
      name: "--log-level",
      argv: ["--log-level=ERROR"],
      env: { SELDON_LOG_LEVEL: "DEBUG" },
      want: { logLevel: "ERROR" },
    },
    { name: "SELDON_DEBUG", env: { SELDON_DEBUG: "1" }, want: { logLevel: "DEBUG" } },
    {
      name: "SELDON_DEBUG that is no boolean",
      env: { SELDON_DEBUG: "perhaps" },
      want: { logLevel: "INFO" },
    },
    { name: "no metrics", argv: ["--metrics-addr=0"], want: { admin: undefined } },
    {
      name: "an address",
      argv: ["--metrics-addr=127.0.0.1:0"],
      want: { admin: { host: "127.0.0.1", port: 0 } },
    },
    {
      name: "an address of version 6",
      argv: ["--metrics-addr=[::1]:81"],
      want: { admin: { host: "::1", port: 81 } },
    },
    {
      name: "a webhook",
      argv: ["--webhook-port=4443"],
      env: { ESPALIER_WEBHOOK_ENABLED: "true" },
      want: { webhook: { port: 4443, isManaged: false, certificateFolder: undefined } },
    },
    {
      name: "a webhook of its own",
      argv: ["--create-resources"],
      want: { webhook: { port: 443, isManaged: true, certificateFolder: undefined } },
    },
    {
      name: "a webhook with a certificate",
      env: { ESPALIER_WEBHOOK_ENABLED: "true", ESPALIER_WEBHOOK_CERTIFICATE_FOLDER: "/c" },
      want: { webhook: { port: 443, isManaged: false, certificateFolder: "/c" } },
    },
    {
      name: "LEADER_ELECTION_ID",
      argv: ["--enable-leader-election"],
      env: { LEADER_ELECTION_ID: "mine" },
      want: { election: expect.objectContaining({ name: "mine" }) },
    },
    {
      name: "user ids as OpenShift gives them, and the greatest",
      argv: [],
      env: { DEFAULT_USER_ID: "1000650000", EXECUTOR_CONTAINER_USER: "2147483647" },
      want: {
        settings: expect.objectContaining({
          defaultUserId: "1000650000",
          engineUser: "2147483647",
        }),
      },
    },
  ])("reads $name", ({ argv, env, want }) => {
    expect(read(argv, env)).toMatchObject(want);
  });

  it("tells all faults together", () => {
    const env = {
      EXECUTOR_SERVER_PORT: "http",
      EXECUTOR_DEFAULT_CPU_LIMIT: "much",
      EXECUTOR_REQUEST_LOGGER_WORK_QUEUE_SIZE: "-1",
      DEFAULT_USER_ID: "root",
      EXECUTOR_CONTAINER_USER: "2147483648",
      ISTIO_TLS_MODE: "TLS",
      AMBASSADOR_VERSION: "v3",
      EXECUTOR_CONTAINER_IMAGE_PULL_POLICY: "Sometimes",
    };
    const argv = [
      ...["--metrics-addr=here", "--webhook-port=70000"],
      "--leader-election-retry-period-secs=20",
    ];
    const faults = faultsOf(argv, env);
    for (const name of Object.keys(env)) {
      expect(faults.filter((fault) => fault.startsWith(`${name} is `))).toHaveLength(1);
    }
    expect(faults).toHaveLength(Object.keys(env).length + 3);
  });

  it("ends with Go's exit code for what is no command line", () => {
    expect(readConfig(["--nonsense"], {})).toMatchObject({ ok: false, exitCode: 2 });
    expect(readConfig([], { DEFAULT_USER_ID: "x" })).toMatchObject({ ok: false, exitCode: 1 });
  });

  it.each<{ name: string; env: Environment; about: string }>([
    { name: "a switch that is not true", env: { ISTIO_ENABLED: "True" }, about: "ISTIO_ENABLED" },
    {
      name: "Ambassador of no version",
      env: { AMBASSADOR_ENABLED: "true" },
      about: "AMBASSADOR_VERSION",
    },
    {
      name: "a Service's port of its own",
      env: { ENGINE_SERVER_PORT: "9" },
      about: "ENGINE_SERVER_PORT",
    },
    { name: "a level that is none", env: { SELDON_LOG_LEVEL: "LOUD" }, about: "--log-level" },
  ])("warns of $name", ({ env, about }) => {
    const warnings = warningsOf(env);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(about);
  });
});

describe("withRelatedImages", () => {
  it.each([
    ["RELATED_IMAGE_SKLEARNSERVER", "SKLEARN_SERVER", ["seldon"]],
    ["RELATED_IMAGE_XGBOOSTSERVER_V2", "XGBOOST_SERVER", ["v2", "kfserving"]],
    ["RELATED_IMAGE_MLFLOWSERVER", "MLFLOW_SERVER", ["seldon"]],
    ["RELATED_IMAGE_TENSORFLOW", "TENSORFLOW_SERVER", ["tensorflow"]],
    ["RELATED_IMAGE_TFPROXY", "TENSORFLOW_SERVER", ["seldon"]],
  ])("%s is the image of %s", (variable, server, protocols) => {
    const { settings, variables } = read([], { [variable]: "mine:1" });
    const before = settings.predictorServers[server]?.protocols ?? {};
    const after = withRelatedImages(settings, variables).predictorServers[server]?.protocols;
    const own = Object.fromEntries(protocols.map((protocol) => [protocol, { image: "mine:1" }]));
    expect(after).toEqual({ ...before, ...own });
  });

  it("covers the other images", () => {
    const { settings, variables } = read([], {
      RELATED_IMAGE_EXECUTOR: "engine",
      EXECUTOR_CONTAINER_IMAGE_AND_VERSION: "another",
      RELATED_IMAGE_STORAGE_INITIALIZER: "init",
      RELATED_IMAGE_EXPLAINER: "explain",
      RELATED_IMAGE_EXPLAINER_V2: "explain2",
    });
    const after = withRelatedImages(settings, variables);
    expect(after.engineImage).toBe("engine");
    expect(after.storageInitializer.image).toBe("init");
    expect(after.explainer).toEqual({ image: "explain", imageV2: "explain2" });
    expect(withRelatedImages(settings, read().variables)).toEqual(settings);
  });
});
