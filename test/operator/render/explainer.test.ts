import { describe, expect, it } from "@jest/globals";
import { defaultSettings, type Settings } from "../../../api/settings.ts";
import type { Container } from "../../../api/types.ts";
import { type Facts, noFacts } from "../../../operator/render/desired.ts";
import { type RenderedExplainer, renderExplainer } from "../../../operator/render/explainer.ts";
import { envOf, manifestOf, subjectOf } from "./fixture.ts";
import { accountsWith, issuesOf, pathsOf, soundOf } from "./furnish.ts";

type Parts = {
  readonly explainer?: object;
  readonly predictor?: object;
  readonly spec?: object;
};

/** `mymodel` with an explainer. */
const explained = ({ explainer = {}, predictor = {}, spec = {} }: Parts = {}): object =>
  manifestOf(
    {
      graph: { name: "model" },
      componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:1" }] } }],
      explainer: { type: "AnchorTabular", ...explainer },
      ...predictor,
    },
    spec,
  );

const resultOf = (manifest: object, settings: Partial<Settings> = {}, facts: Facts = noFacts) =>
  renderExplainer(subjectOf(manifest, { ...defaultSettings, ...settings }), facts, undefined);

const rendered = (...given: Parameters<typeof resultOf>): RenderedExplainer => {
  const explainer = soundOf(resultOf(...given));
  if (explainer === undefined) throw new Error("no explainer");
  return explainer;
};

const containerIn = (...given: Parameters<typeof resultOf>): Container => {
  const [container] = rendered(...given).workload.spec.containers;
  if (container === undefined) throw new Error("no container");
  return container;
};

const path = "spec.predictors[0].explainer";

describe("renderExplainer", () => {
  it.each([
    { name: "without an explainer", predictor: { explainer: undefined } },
    { name: "with one of no type", predictor: { explainer: { type: "", modelUri: "gs://e" } } },
    { name: "with an empty one", predictor: { explainer: {} } },
  ])("renders nothing for a predictor $name", ({ predictor }) => {
    expect(soundOf(resultOf(explained({ predictor })))).toBeUndefined();
  });

  it("renders a Deployment of its own", () => {
    const { workload } = rendered(
      explained({
        predictor: {
          annotations: { p: "1" },
          labels: { team: "x", "seldon-app": "mine" },
          progressDeadlineSeconds: 7,
        },
        spec: { annotations: { s: "1" } },
      }),
    );
    const labels = {
      app: "mymodel-default-explainer",
      fluentd: "true",
      team: "x",
      version: "default",
      "seldon.io/explainer": "true",
      "app.kubernetes.io/managed-by": "seldon-core",
      "seldon-app": "mymodel-default-explainer",
      "seldon-deployment-id": "mymodel",
    };
    expect(workload).toMatchObject({
      name: "mymodel-default-explainer",
      role: "explainer",
      componentIndex: undefined,
      progressDeadlineSeconds: 7,
      replicas: undefined,
    });
    expect(workload.selector).toEqual({ "seldon-deployment-id": "mymodel" });
    expect(workload.labels).toEqual(labels);
    expect(workload.annotations).toEqual({ s: "1", p: "1" });
    expect(workload.own).toEqual({ labels, annotations: { s: "1", p: "1" } });
    expect(workload.spec).toMatchObject({
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 20,
      serviceAccountName: "default",
      securityContext: { runAsUser: 8888 },
      volumes: [{ name: "seldon-podinfo" }],
    });
  });

  it("says of a shadow's explainer that it is one", () => {
    const subject = subjectOf(explained());
    const predictor = { ...subject.predictor, shadow: true };
    const explainer = soundOf(renderExplainer({ ...subject, predictor }, noFacts, undefined));
    const label = { "seldon.io/shadow": "true" };
    expect(explainer?.workload.labels).toMatchObject(label);
    expect(explainer?.service.metadata.labels).toMatchObject(label);
  });

  it("renders a container that waits for connections and drains", () => {
    const probe = {
      tcpSocket: { port: "http" },
      periodSeconds: 5,
      successThreshold: 1,
      timeoutSeconds: 1,
    };
    expect(containerIn(explained())).toEqual({
      name: "mymodel-default-explainer",
      image: "seldonio/alibiexplainer:1.17.1",
      imagePullPolicy: "IfNotPresent",
      ports: [{ name: "http", containerPort: 9000, protocol: "TCP" }],
      livenessProbe: { ...probe, initialDelaySeconds: 60, failureThreshold: 5 },
      readinessProbe: { ...probe, initialDelaySeconds: 20, failureThreshold: 7 },
      lifecycle: { preStop: { sleep: { seconds: 10 } } },
      args: [
        "--model_name=model",
        "--predictor_host=mymodel-default.ns1:8000",
        "--protocol=seldon.http",
        "--http_port=9000",
        "AnchorTabular",
      ],
    });
  });

  it("keeps what a user's container says", () => {
    const containerSpec = {
      name: "mine",
      image: "mine:1",
      imagePullPolicy: "Always",
      livenessProbe: { exec: { command: ["a"] } },
      readinessProbe: { exec: { command: ["b"] } },
      lifecycle: { postStart: { sleep: { seconds: 1 } } },
      resources: { limits: { cpu: "1" } },
      env: [{ name: "X", value: "1" }],
    };
    expect(containerIn(explained({ explainer: { containerSpec } }))).toMatchObject(containerSpec);
  });

  it("waits by number where a user's own port has that number", () => {
    const containerSpec = { name: "e", ports: [{ name: "web", containerPort: 9000 }] };
    const { livenessProbe } = containerIn(explained({ explainer: { containerSpec } }));
    expect(livenessProbe?.tcpSocket).toEqual({ port: 9000 });
  });

  it("renders a Service that selects it by its own name", () => {
    const { service } = rendered(explained({ predictor: { annotations: { p: "1" } } }));
    expect(service).toMatchObject({
      kind: "Service",
      metadata: {
        name: "mymodel-default-explainer",
        namespace: "ns1",
        labels: {
          "seldon-app": "mymodel-default",
          "seldon-deployment-id": "mymodel",
          "app.kubernetes.io/managed-by": "seldon-core",
          "seldon.io/explainer": "true",
        },
        annotations: { p: "1" },
      },
      spec: {
        type: "ClusterIP",
        selector: { "seldon-app": "mymodel-default-explainer" },
        ports: [{ name: "http", port: 9000, targetPort: 9000, protocol: "TCP" }],
      },
    });
    expect(service["spec"]).not.toHaveProperty("clusterIP");
  });

  it("renders a headless Service where the deployment says so", () => {
    const annotations = { "seldon.io/headless-svc": "true" };
    const { service } = rendered(explained({ spec: { annotations } }));
    expect(service["spec"]).toHaveProperty("clusterIP", "None");
  });

  it("tells Ambassador of its Service", () => {
    const subject = subjectOf(explained());
    const explainer = soundOf(renderExplainer(subject, noFacts, "---\n"));
    expect(explainer?.service.metadata.annotations).toEqual({ "getambassador.io/config": "---\n" });
  });
});

describe("renderExplainer, port", () => {
  const httpPort = { ports: [{ containerPort: 7 }, { name: "http", containerPort: 8 }] };

  it.each([
    { name: "9000", explainer: {}, ports: [9000], want: 9000 },
    { name: "its endpoint's", explainer: { endpoint: { service_port: 5 } }, ports: [5], want: 5 },
    {
      name: "12.6 its container's",
      explainer: { endpoint: { service_port: 5 }, containerSpec: { name: "e", ...httpPort } },
      ports: [7, 8],
      want: 8,
    },
  ])("is $name, for container, arguments and Service", ({ explainer, ports, want }) => {
    const { workload, service } = rendered(explained({ explainer }));
    const [container] = workload.spec.containers;
    expect(container?.ports?.map(({ containerPort }) => containerPort)).toEqual(ports);
    expect(container?.args).toContain(`--http_port=${want}`);
    expect(service["spec"]).toMatchObject({ ports: [{ name: "http", port: want }] });
  });
});

describe("renderExplainer, image", () => {
  const explainer = { image: "classic:1", imageV2: "v2:1" };

  it.each([
    { protocol: "seldon", want: "classic:1" },
    { protocol: "tensorflow", want: "classic:1" },
    { protocol: "v2", want: "v2:1" },
    { protocol: "kfserving", want: "v2:1" },
  ])("is the cluster's for $protocol", ({ protocol, want }) => {
    expect(containerIn(explained({ spec: { protocol } }), { explainer }).image).toBe(want);
  });

  it.each(["seldon", "v2"])("is asked for where the cluster has none for %s", (protocol) => {
    const settings = { explainer: { image: "", imageV2: "" } };
    const result = resultOf(explained({ spec: { protocol } }), settings);
    expect(pathsOf(issuesOf(result))).toEqual([`${path}.containerSpec.image`]);
  });
});

describe("renderExplainer, predictor", () => {
  const host = (parts: Parts, settings: Partial<Settings> = {}) =>
    containerIn(explained(parts), settings).args?.slice(1, 3);

  it.each([
    { name: "HTTP", parts: {}, want: "mymodel-default.ns1:8000", protocol: "seldon.http" },
    {
      name: "gRPC as all do",
      parts: { spec: { transport: "grpc" } },
      want: "mymodel-default.ns1:5001",
      protocol: "seldon.grpc",
    },
    {
      name: "gRPC as its endpoint says",
      parts: { explainer: { endpoint: { type: "GRPC" } } },
      want: "mymodel-default.ns1:5001",
      protocol: "seldon.grpc",
    },
    {
      name: "the tensorflow protocol",
      parts: { spec: { protocol: "tensorflow" } },
      want: "mymodel-default.ns1:8000",
      protocol: "tensorflow.http",
    },
    {
      name: "the Service that it names",
      parts: { predictor: { annotations: { "seldon.io/svc-name": "svc" } } },
      want: "svc.ns1:8000",
      protocol: "seldon.http",
    },
    {
      name: "the container itself, with no engine",
      parts: { predictor: { annotations: { "seldon.io/no-engine": "true" } } },
      want: "mymodel-default.ns1:9000",
      protocol: "seldon.http",
    },
  ])("is asked by $name", ({ parts, want, protocol }) => {
    expect(host(parts)).toEqual([`--predictor_host=${want}`, `--protocol=${protocol}`]);
  });
});

describe("renderExplainer, arguments", () => {
  const tail = (explainer: object) => containerIn(explained({ explainer })).args?.slice(4);

  it.each([
    { name: "no model", explainer: {}, want: ["AnchorTabular"] },
    {
      name: "a model",
      explainer: { modelUri: "gs://e" },
      want: ["--storage_uri=/mnt/models", "AnchorTabular"],
    },
    {
      name: "images",
      explainer: { type: "AnchorImages" },
      want: ["AnchorImages", "--tf_data_type=float32"],
    },
    {
      name: "a configuration, sorted",
      explainer: { config: { z: "1", a: "2" } },
      want: ["AnchorTabular", "--a=2", "--z=1"],
    },
    {
      name: "a file of the model, the first time it is named",
      explainer: { modelUri: "gs://e", config: { f: "gs://e/f:gs://e/g", o: "gs://o" } },
      want: [
        "--storage_uri=/mnt/models",
        "AnchorTabular",
        "--f=/mnt/models/f:gs://e/g",
        "--o=gs://o",
      ],
    },
    { name: "an explainer of its own", explainer: { type: "Mine" }, want: ["Mine"] },
  ])("say $name", ({ explainer, want }) => {
    expect(tail(explainer)).toEqual(want);
  });

  const argsWith = (args: readonly string[], explainer: object = {}) =>
    containerIn(explained({ explainer: { ...explainer, containerSpec: { name: "e", args } } }))
      .args;

  it.each([
    {
      name: "a flag of the server",
      args: ["--workers=2", "--http_port=1"],
      want: ["--workers=2", "--http_port=1", "AnchorTabular", "--a=2"],
    },
    {
      name: "a value in a word of its own",
      args: ["--http_port", "1", "--verbose", "--log", "x"],
      want: ["--http_port", "1", "--verbose", "--log", "x", "AnchorTabular", "--a=2"],
    },
    {
      name: "flags on both sides of the kind",
      args: ["--http_port=1", "--verbose", "AnchorTabular", "--a=3", "--b"],
      want: ["--http_port=1", "--verbose", "AnchorTabular", "--a=3", "--b"],
    },
  ])("12.24 keep a user's own: $name", ({ args, want }) => {
    expect(argsWith(args, { config: { a: "2" } })?.slice(3)).toEqual(want);
  });
});

describe("renderExplainer, protocol v2", () => {
  const v2 = (explainer: object = {}, spec: object = {}): object =>
    explained({ explainer, spec: { protocol: "v2", ...spec } });

  it("configures MLServer", () => {
    const container = containerIn(v2({ modelUri: "gs://e" }));
    expect(container.args).toBeUndefined();
    expect(envOf(container)).toEqual([
      "MLSERVER_HTTP_PORT=9000",
      "MLSERVER_MODEL_IMPLEMENTATION=mlserver_alibi_explain.AlibiExplainRuntime",
      "MLSERVER_MODEL_NAME=mymodel-default-explainer",
      "MLSERVER_MODEL_URI=/mnt/models",
      'MLSERVER_MODEL_EXTRA={"explainer_type":"anchor_tabular",' +
        '"infer_uri":"http://mymodel-default.ns1:8000/v2/models/model/infer"}',
    ]);
  });

  it.each([
    ["AnchorTabular", "anchor_tabular"],
    ["AnchorImages", "anchor_image"],
    ["AnchorText", "anchor_text"],
    ["Counterfactuals", "counterfactuals"],
    ["Contrastive", "contrastive"],
    ["KernelShap", "kernel_shap"],
    ["IntegratedGradients", "integrated_gradients"],
    ["ALE", "ALE"],
    ["TreeShap", "tree_shap"],
  ])("calls %s %s", (type, tag) => {
    expect(envOf(containerIn(v2({ type }))).at(-1)).toContain(`{"explainer_type":"${tag}",`);
  });

  it("passes the first parameters on as they are", () => {
    const initParameters = '{"n": 1.0}';
    expect(envOf(containerIn(v2({ initParameters }))).at(-1)).toMatch(
      /infer","init_parameters":\{"n": 1\.0\}\}$/,
    );
  });

  it("12.24 keeps a user's own environment and arguments", () => {
    const containerSpec = {
      name: "e",
      args: ["serve"],
      env: [
        { name: "OWN", value: "1" },
        { name: "MLSERVER_MODEL_NAME", value: "mine" },
      ],
    };
    const container = containerIn(v2({ containerSpec }));
    expect(container.args).toEqual(["serve"]);
    expect(envOf(container).slice(2, 3)).toEqual(["MLSERVER_MODEL_NAME=mine"]);
    expect(envOf(container).at(-1)).toBe("OWN=1");
    expect(container.env).toHaveLength(6);
  });

  it.each([
    { name: "a type it does not know", explainer: { type: "constructor" }, at: "type" },
    {
      name: "parameters that are no JSON",
      explainer: { initParameters: "{" },
      at: "initParameters",
    },
  ])("refuses $name", ({ explainer, at }) => {
    expect(pathsOf(issuesOf(resultOf(v2(explainer))))).toEqual([`${path}.${at}`]);
  });
});

describe("renderExplainer, model", () => {
  it("is fetched as any other, with the explainer's account", () => {
    const explainer = {
      modelUri: "gs://e",
      serviceAccountName: "reader",
      envSecretRefName: "store",
      storageInitializerImage: "fetch:1",
      containerSpec: { name: "e" },
    };
    const secret = { name: "s", keys: ["awsSecretAccessKey"], annotations: {} };
    const { spec } = rendered(
      explained({ explainer }),
      {},
      accountsWith("reader", secret),
    ).workload;
    expect([spec.serviceAccountName, spec.serviceAccount]).toEqual(["reader", "reader"]);
    expect(spec.initContainers).toMatchObject([
      {
        name: "e-model-initializer",
        image: "fetch:1",
        args: ["gs://e", "/mnt/models"],
        envFrom: [{ secretRef: { name: "store" } }],
        env: [{ name: "AWS_ACCESS_KEY_ID" }, { name: "AWS_SECRET_ACCESS_KEY" }],
      },
    ]);
    expect(spec.containers[0]?.volumeMounts).toEqual([
      { name: "e-provision-location", mountPath: "/mnt/models", readOnly: true },
    ]);
  });

  it.each([
    { length: 63, want: "model-initializer" },
    { length: 62, want: "model-initializer" },
    { length: 56, want: `${"e".repeat(56)}-model` },
  ])("is fetched by a container $want beside one of $length letters", ({ length, want }) => {
    const explainer = { modelUri: "gs://e", containerSpec: { name: "e".repeat(length) } };
    const { spec } = rendered(explained({ explainer })).workload;
    expect(spec.initContainers?.[0]?.name).toBe(want);
  });

  it("is refused with its place", () => {
    const explainer = { modelUri: "pvc://" };
    expect(pathsOf(issuesOf(resultOf(explained({ explainer }))))).toEqual([`${path}.modelUri`]);
  });
});

describe("renderExplainer, replicas", () => {
  it.each([
    { name: "as many as it says", explainer: 2, predictor: 3, all: 4, want: 2 },
    { name: "any number", explainer: undefined, predictor: 3, all: 4, want: undefined },
    { name: "none for a predictor of none", explainer: 2, predictor: 0, all: 4, want: 0 },
    { name: "none for a deployment of none", explainer: 2, predictor: undefined, all: 0, want: 0 },
    { name: "its own where the predictor has some", explainer: 2, predictor: 1, all: 0, want: 2 },
  ])("are $name", ({ explainer, predictor, all, want }) => {
    const { workload } = rendered(
      explained({
        explainer: { ...(explainer === undefined ? {} : { replicas: explainer }) },
        predictor: { ...(predictor === undefined ? {} : { replicas: predictor }) },
        spec: { replicas: all },
      }),
    );
    expect(workload.replicas).toBe(want);
  });
});
