import { describe, expect, it } from "@jest/globals";
import { decodePlan } from "../../../api/plan.ts";
import { defaultSettings } from "../../../api/settings.ts";
import { engineContainer } from "../../../operator/render/engine.ts";
import { containerOf, manifestOf, mymodel, subjectOf, workloadsOf } from "./fixture.ts";

const engineOf = (manifest: object, settings = defaultSettings) =>
  containerOf(workloadsOf(manifest, settings), "seldon-container-engine");
const predictor = {
  graph: { name: "model" },
  componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:1" }] } }],
};

const alone = { graceSeconds: 20, ports: new Set<number>() };

describe("engineContainer", () => {
  it.each([
    ["a container beside it", [{ name: "stats", containerPort: 8002 }], {}, 8003],
    ["two", [{ containerPort: 8003, protocol: "TCP" }, { containerPort: 8002 }], {}, 8004],
    ["nobody over TCP", [{ containerPort: 8002, protocol: "UDP" }], {}, 8002],
    ["its own REST port", [], { engineHttpPort: 8002 }, 8003],
  ])("leaves the port for metrics to %s", (_who, ports, settings, want) => {
    const containers = [{ name: "model", image: "I:1", ports }];
    const engine = engineOf(
      manifestOf({ ...predictor, componentSpecs: [{ spec: { containers } }] }),
      { ...defaultSettings, ...settings },
    );
    const { args = [] } = engine;
    expect(args[args.indexOf("--metrics_port") + 1]).toBe(String(want));
    expect(engine.ports?.find(({ name }) => name === "metrics")?.containerPort).toBe(want);
  });

  it("renders the worked example", () => {
    const engine = engineOf(mymodel);
    expect(engine).toMatchObject({
      name: "seldon-container-engine",
      image: defaultSettings.engineImage,
      imagePullPolicy: "IfNotPresent",
      args: [
        "--sdep",
        "mymodel",
        "--namespace",
        "ns1",
        "--predictor",
        "default",
        "--http_port",
        "8000",
        "--grpc_port",
        "5001",
        "--metrics_port",
        "8002",
        "--protocol",
        "seldon",
        "--transport",
        "rest",
        "--prometheus_path",
        "/prometheus",
        "--server_type",
        "rpc",
        "--log_work_buffer_size",
        "10000",
        "--log_write_timeout_ms",
        "2000",
        "--shutdown_delay",
        "5s",
        "--full_health_checks=false",
      ],
      ports: [
        { name: "http", containerPort: 8000 },
        { name: "metrics", containerPort: 8002 },
        { name: "grpc", containerPort: 5001 },
      ],
      volumeMounts: [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }],
      securityContext: { runAsUser: 8888, allowPrivilegeEscalation: false },
      resources: {
        requests: { cpu: "500m", memory: "512Mi" },
        limits: { cpu: "500m", memory: "512Mi" },
      },
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    });
    const timing = {
      initialDelaySeconds: 20,
      periodSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
      timeoutSeconds: 60,
    };
    expect(engine.readinessProbe).toEqual({
      httpGet: { path: "/ready", port: 8000, scheme: "HTTP" },
      ...timing,
    });
    expect(engine.livenessProbe).toEqual({
      httpGet: { path: "/live", port: 8000, scheme: "HTTP" },
      ...timing,
    });
    expect(engine.lifecycle).toBeUndefined();
    expect(engine.env?.map(({ name }) => name)).toEqual([
      "ENGINE_PREDICTOR",
      "REQUEST_LOGGER_DEFAULT_ENDPOINT",
    ]);
  });

  it("carries the plan with endpoints and images", () => {
    const plan = decodePlan(engineOf(mymodel).env?.[0]?.value ?? "");
    expect(plan).toMatchObject({
      ok: true,
      value: {
        name: "default",
        graph: {
          name: "model",
          endpoint: { service_host: "localhost", httpPort: 9000, grpcPort: 9500 },
        },
        images: { model: "I:1" },
        labels: { version: "default" },
      },
    });
  });

  it("does not change when traffic or replicas do", () => {
    const planOf = (over: object) =>
      engineOf(manifestOf({ ...predictor, ...over })).env?.[0]?.value;
    expect(planOf({ replicas: 3, traffic: 100 })).toBe(planOf({ replicas: 1 }));
    expect(planOf({ labels: { a: "b" } })).not.toBe(planOf({}));
  });

  it("takes environment from svcOrchSpec and from annotations, sorted", () => {
    const engine = engineOf(
      manifestOf(
        {
          ...predictor,
          svcOrchSpec: {
            env: [
              { name: "SELDON_LOG_LEVEL", value: "DEBUG" },
              { name: "FROM_SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            ],
          },
        },
        {
          annotations: {
            "seldon.io/engine-zeta-two": "z",
            "seldon.io/engine-seldon-log-level": "ERROR",
            "seldon.io/engine-alpha": "a",
            "seldon.io/engine-separate-pod": "false",
          },
        },
      ),
    );
    expect(engine.env?.slice(2)).toEqual([
      { name: "SELDON_LOG_LEVEL", value: "DEBUG" },
      { name: "FROM_SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      { name: "ALPHA", value: "a" },
      { name: "ZETA_TWO", value: "z" },
    ]);
  });

  it.each([
    {
      name: "spec.annotations",
      manifest: manifestOf(predictor, {
        annotations: {
          "seldon.io/executor-logger-queue-size": "5",
          "seldon.io/executor-logger-write-timeout-ms": "6",
        },
      }),
      want: ["5", "6"],
    },
    {
      name: "metadata.annotations",
      manifest: {
        ...mymodel,
        metadata: {
          ...mymodel.metadata,
          annotations: { "seldon.io/executor-logger-queue-size": "7" },
        },
      },
      want: ["7", "2000"],
    },
    { name: "the settings", manifest: mymodel, want: ["10000", "2000"] },
  ])("takes the logger's bounds from $name", ({ manifest, want }) => {
    const args = engineOf(manifest).args ?? [];
    const following = (flag: string) => args[args.indexOf(flag) + 1];
    expect([following("--log_work_buffer_size"), following("--log_write_timeout_ms")]).toEqual(
      want,
    );
  });

  it("replaces its resources as a whole", () => {
    const resources = { limits: { cpu: 2 } };
    expect(engineOf(manifestOf({ ...predictor, svcOrchSpec: { resources } })).resources).toEqual(
      resources,
    );
  });

  it("is probed over HTTPS with a certificate", () => {
    const engine = engineOf(manifestOf({ ...predictor, ssl: { certSecretName: "c" } }));
    expect(engine.readinessProbe?.httpGet?.scheme).toBe("HTTPS");
  });

  it.each([
    { engineUser: "", want: undefined },
    { engineUser: "7", want: { runAsUser: 7, allowPrivilegeEscalation: false } },
  ])('runs as user "$engineUser"', ({ engineUser, want }) => {
    expect(engineOf(mymodel, { ...defaultSettings, engineUser }).securityContext).toEqual(want);
  });

  const { engineResources } = defaultSettings;
  it.each([
    { name: "a user that is not a number", settings: { engineUser: "root" }, want: ["engineUser"] },
    { name: "no image", settings: { engineImage: "" }, want: ["engineImage"] },
    {
      name: "resources that are no quantities",
      settings: { engineResources: { ...engineResources, cpuRequest: "few", memoryLimit: "" } },
      want: ["engineResources.cpuRequest", "engineResources.memoryLimit"],
    },
    {
      name: "all of it at once",
      settings: { engineUser: "root", engineImage: "" },
      want: ["engineImage", "engineUser"],
    },
  ])("refuses $name", ({ settings, want }) => {
    const result = engineContainer(subjectOf(mymodel, { ...defaultSettings, ...settings }), alone);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(
      want.map((name) => `settings.${name}`),
    );
  });

  it.each([
    { graceSeconds: 300, want: "5s" },
    { graceSeconds: 20, want: "5s" },
    { graceSeconds: 10, want: "2s" },
    { graceSeconds: 0, want: "0s" },
  ])("serves on within a grace of $graceSeconds seconds", ({ graceSeconds, want }) => {
    const result = engineContainer(subjectOf(mymodel, defaultSettings), {
      ...alone,
      graceSeconds,
    });
    const args = result.ok ? (result.value.args ?? []) : [];
    expect(args[args.indexOf("--shutdown_delay") + 1]).toBe(want);
  });

  it("names the variable of a resource", () => {
    const settings = { ...defaultSettings, engineResources: { ...engineResources, cpuLimit: "x" } };
    const result = engineContainer(subjectOf(mymodel, settings), alone);
    expect(result.ok ? "" : result.issues[0]?.message).toContain("EXECUTOR_DEFAULT_CPU_LIMIT");
  });
});
