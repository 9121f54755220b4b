import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../api/settings.ts";
import { withCertificate } from "../../../operator/render/ssl.ts";
import {
  containerNames,
  containerOf,
  envOf,
  manifestOf,
  mymodel,
  subjectOf,
  workloadsOf,
} from "./fixture.ts";

const twoModels = [
  { spec: { containers: [{ name: "a", image: "A:1" }] } },
  { spec: { containers: [{ name: "b", image: "B:1" }] } },
];
const chain = { name: "a", children: [{ name: "b" }] };
const one = [{ spec: { containers: [{ name: "model", image: "I:1" }] } }];
const graph = { name: "model" };

describe("renderWorkloads", () => {
  it("renders the worked example", () => {
    const [pod] = workloadsOf(mymodel);
    expect(pod).toMatchObject({
      name: "mymodel-default-0-model",
      componentIndex: 0,
      labels: {
        "seldon-deployment-id": "mymodel",
        app: "mymodel-default-0-model",
        fluentd: "true",
        version: "default",
        "seldon.io/model": "true",
        "app.kubernetes.io/managed-by": "seldon-core",
        "seldon-app-svc-model": "mymodel-default-model",
        "seldon-app": "mymodel-default",
      },
      annotations: { "prometheus.io/path": "/prometheus", "prometheus.io/scrape": "true" },
      spec: {
        restartPolicy: "Always",
        dnsPolicy: "ClusterFirst",
        schedulerName: "default-scheduler",
        terminationGracePeriodSeconds: 20,
        securityContext: { runAsUser: 8888 },
        volumes: [
          {
            name: "seldon-podinfo",
            downwardAPI: {
              defaultMode: 420,
              items: [{ path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } }],
            },
          },
        ],
      },
    });
  });

  it("renders the model's container of the worked example", () => {
    const model = containerOf(workloadsOf(mymodel), "model");
    expect(model.ports).toEqual([
      { name: "metrics", containerPort: 6000, protocol: "TCP" },
      { name: "http", containerPort: 9000, protocol: "TCP" },
      { name: "grpc", containerPort: 9500, protocol: "TCP" },
    ]);
    const probe = {
      tcpSocket: { port: 9000 },
      periodSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
      timeoutSeconds: 1,
    };
    expect(model.livenessProbe).toEqual({ ...probe, initialDelaySeconds: 60 });
    expect(model.readinessProbe).toEqual({ ...probe, initialDelaySeconds: 20 });
    expect(model.lifecycle).toEqual({ preStop: { sleep: { seconds: 10 } } });
    expect(model.volumeMounts).toEqual([{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }]);
    expect(envOf(model)).toEqual([
      "PREDICTIVE_UNIT_SERVICE_PORT=9000",
      "PREDICTIVE_UNIT_HTTP_SERVICE_PORT=9000",
      "MLSERVER_HTTP_PORT=9000",
      "PREDICTIVE_UNIT_GRPC_SERVICE_PORT=9500",
      "MLSERVER_GRPC_PORT=9500",
      "PREDICTIVE_UNIT_ID=model",
      "MLSERVER_MODEL_NAME=model",
      "PREDICTIVE_UNIT_IMAGE=I:1",
      "PREDICTOR_ID=default",
      'PREDICTOR_LABELS={"version":"default"}',
      "SELDON_DEPLOYMENT_ID=mymodel",
      "SELDON_EXECUTOR_ENABLED=true",
      "PREDICTIVE_UNIT_METRICS_SERVICE_PORT=6000",
      "PREDICTIVE_UNIT_METRICS_ENDPOINT=/prometheus",
      "MLSERVER_METRICS_PORT=6000",
      "MLSERVER_METRICS_ENDPOINT=/prometheus",
    ]);
  });

  it("tells a node its parameters and where its model lies", () => {
    const model = containerOf(
      workloadsOf(
        manifestOf({
          graph: {
            name: "model",
            modelUri: "gs://m",
            parameters: [{ type: "INT", value: "3", name: "n" }],
          },
          labels: { z: "1", a: "2", "9": "y", "10": "x" },
          componentSpecs: one,
        }),
      ),
      "model",
    );
    const lines = envOf(model);
    expect(lines.slice(4, 8)).toEqual([
      "MLSERVER_GRPC_PORT=9500",
      'PREDICTIVE_UNIT_PARAMETERS=[{"name":"n","value":"3","type":"INT"}]',
      "MLSERVER_MODEL_URI=/mnt/models",
      "PREDICTIVE_UNIT_ID=model",
    ]);
    expect(lines).toContain(
      'PREDICTOR_LABELS={"10":"x","9":"y","a":"2","version":"default","z":"1"}',
    );
  });

  it("keeps what a user sets, and all else beside it", () => {
    const env = [
      { name: "MLSERVER_HTTP_PORT", value: "1" },
      { name: "PREDICTIVE_UNIT_ID", value: "mine" },
      { name: "X", value: "first" },
      { name: "X", value: "last" },
    ];
    const container = { name: "model", image: "I:1", env };
    const model = containerOf(
      workloadsOf(manifestOf({ graph, componentSpecs: [{ spec: { containers: [container] } }] })),
      "model",
    );
    const lines = envOf(model);
    expect(lines.slice(0, 3)).toEqual([
      "MLSERVER_HTTP_PORT=1",
      "X=last",
      "PREDICTIVE_UNIT_SERVICE_PORT=9000",
    ]);
    expect(lines.filter((line) => /^(MLSERVER_HTTP_PORT|PREDICTIVE_UNIT_ID)=/.test(line))).toEqual([
      "MLSERVER_HTTP_PORT=1",
      "PREDICTIVE_UNIT_ID=model",
    ]);
    expect(new Set(model.env?.map(({ name }) => name)).size).toBe(model.env?.length);
  });

  it.each([
    {
      name: "transport grpc",
      manifest: manifestOf({ graph, componentSpecs: one }, { transport: "grpc" }),
    },
    {
      name: "an endpoint of type GRPC",
      manifest: manifestOf({
        graph: { name: "model", endpoint: { type: "GRPC" } },
        componentSpecs: one,
      }),
    },
  ])("looks at the gRPC port with $name", ({ manifest }) => {
    const model = containerOf(workloadsOf(manifest), "model");
    expect(model.readinessProbe?.tcpSocket?.port).toBe(9500);
    expect(envOf(model)[0]).toBe("PREDICTIVE_UNIT_SERVICE_PORT=9500");
  });

  it("keeps a user's ports, probes and lifecycle", () => {
    const container = {
      name: "model",
      image: "I:1",
      ports: [
        { name: "http", containerPort: 8080 },
        { name: "metrics", containerPort: 8081 },
      ],
      readinessProbe: { httpGet: { path: "/up", port: 8080 } },
      lifecycle: { preStop: { exec: { command: ["true"] } } },
    };
    const model = containerOf(
      workloadsOf(manifestOf({ graph, componentSpecs: [{ spec: { containers: [container] } }] })),
      "model",
    );
    expect(model.ports?.map(({ name, containerPort }) => [name, containerPort])).toEqual([
      ["http", 8080],
      ["metrics", 8081],
      ["grpc", 9500],
    ]);
    expect(model.readinessProbe).toEqual(container.readinessProbe);
    expect(model.lifecycle).toEqual(container.lifecycle);
    expect(model.livenessProbe?.tcpSocket?.port).toBe(8080);
  });

  it.each([
    { graceSeconds: undefined, want: { preStop: { sleep: { seconds: 10 } } } },
    { graceSeconds: 30, want: { preStop: { sleep: { seconds: 10 } } } },
    { graceSeconds: 10, want: { preStop: { sleep: { seconds: 9 } } } },
    { graceSeconds: 2, want: { preStop: { sleep: { seconds: 1 } } } },
    { graceSeconds: 1, want: undefined },
    { graceSeconds: 0, want: undefined },
  ])("drains within a grace of $graceSeconds seconds", ({ graceSeconds, want }) => {
    const spec = { ...one[0]?.spec, terminationGracePeriodSeconds: graceSeconds };
    const model = containerOf(
      workloadsOf(manifestOf({ graph, componentSpecs: [{ spec }] })),
      "model",
    );
    expect(model.lifecycle).toEqual(want);
  });

  it("leaves a container alone that serves no node", () => {
    const sidecar = { name: "sidecar", image: "S:1" };
    const containers = [{ name: "model", image: "I:1" }, sidecar];
    const pods = workloadsOf(manifestOf({ graph, componentSpecs: [{ spec: { containers } }] }));
    expect(containerOf(pods, "sidecar")).toEqual(sidecar);
    expect(pods[0]?.name).toBe("mymodel-default-0-model-sidecar");
  });

  it.each([
    {
      name: "one componentSpec",
      predictor: { graph, componentSpecs: one },
      want: [["model", "seldon-container-engine"]],
    },
    {
      name: "two componentSpecs",
      predictor: { graph: chain, componentSpecs: twoModels },
      want: [["a", "seldon-container-engine"], ["b"]],
    },
    {
      name: "no engine",
      predictor: { graph, componentSpecs: one, annotations: { "seldon.io/no-engine": "True" } },
      want: [["model"]],
    },
    {
      name: "no-engine false",
      predictor: { graph, componentSpecs: one, annotations: { "seldon.io/no-engine": "false" } },
      want: [["model", "seldon-container-engine"]],
    },
    {
      name: "a separate engine",
      predictor: { graph: chain, componentSpecs: twoModels },
      spec: { annotations: { "seldon.io/engine-separate-pod": "TRUE" } },
      want: [["seldon-container-engine"], ["a"], ["b"]],
    },
    {
      name: "built-in nodes alone",
      predictor: { graph: { name: "m", implementation: "SIMPLE_MODEL" } },
      want: [["seldon-container-engine"]],
    },
    {
      name: "a built-in root and its models elsewhere",
      predictor: {
        graph: {
          name: "r",
          implementation: "RANDOM_ABTEST",
          children: [{ name: "a" }, { name: "b" }],
        },
        componentSpecs: [{ spec: { containers: [{ name: "side", image: "S" }] } }, ...twoModels],
      },
      want: [["seldon-container-engine"], ["side"], ["a"], ["b"]],
    },
    {
      name: "an engine that the user brings",
      predictor: {
        graph,
        componentSpecs: [
          {
            spec: {
              containers: [
                { name: "model", image: "I" },
                { name: "seldon-container-engine", image: "E" },
              ],
            },
          },
        ],
      },
      want: [["model", "seldon-container-engine"]],
    },
    {
      name: "a componentSpec without containers",
      predictor: { graph, componentSpecs: [...one, {}] },
      want: [["model", "seldon-container-engine"]],
    },
  ])("puts the engine in its place with $name", ({ predictor, spec, want }) => {
    expect(containerNames(workloadsOf(manifestOf(predictor, spec)))).toEqual(want);
  });

  it("leaves requests to the engine that the user brings", () => {
    const containers = [
      { name: "model", image: "I" },
      { name: "seldon-container-engine", image: "E" },
    ];
    const [pod] = workloadsOf(manifestOf({ graph, componentSpecs: [{ spec: { containers } }] }));
    expect(pod?.labels["seldon-app"]).toBeUndefined();
    expect(pod?.spec.containers[1]).toEqual(containers[1]);
  });

  it("lets requests come in at the pod without an engine", () => {
    const [pod] = workloadsOf(
      manifestOf({ graph, componentSpecs: one, annotations: { "seldon.io/no-engine": "true" } }),
    );
    expect(pod?.labels["seldon-app"]).toBe("mymodel-default");
  });

  it("merges labels and annotations, the later ones winning", () => {
    const [pod] = workloadsOf(
      manifestOf(
        {
          graph,
          labels: { l: "predictor", version: "v9" },
          annotations: { a: "predictor", p: "predictor" },
          shadow: false,
          componentSpecs: [
            {
              metadata: {
                labels: { l: "component" },
                annotations: { a: "component", c: "component" },
              },
              ...one[0],
            },
          ],
        },
        { annotations: { a: "spec", s: "spec", p: "spec" } },
      ),
    );
    expect(pod?.labels).toMatchObject({ l: "component", version: "v9" });
    expect(pod?.annotations).toMatchObject({
      a: "predictor",
      s: "spec",
      p: "predictor",
      c: "component",
    });
  });

  it("labels a shadow, and nodes by what they do", () => {
    const manifest = {
      ...mymodel,
      spec: {
        predictors: [
          { name: "main", graph, componentSpecs: one, traffic: 100 },
          {
            name: "dark",
            shadow: true,
            graph: { name: "r", type: "ROUTER", children: [{ name: "model" }] },
            componentSpecs: [
              {
                spec: {
                  containers: [
                    { name: "r", image: "R" },
                    { name: "model", image: "I" },
                  ],
                },
              },
            ],
          },
        ],
      },
    };
    const [pod] = workloadsOf(manifest, defaultSettings, 1);
    expect(pod?.labels).toMatchObject({
      "seldon.io/shadow": "true",
      "seldon.io/router": "true",
      "seldon.io/model": "true",
      "seldon-app-svc-r": "mymodel-dark-r",
    });
  });

  it("gives a separate engine the labels and annotations it needs", () => {
    const [engine] = workloadsOf(
      manifestOf(
        { graph, componentSpecs: one, annotations: { "seldon.io/rest-timeout": "7" } },
        { annotations: { "seldon.io/engine-separate-pod": "true", s: "1" } },
      ),
    );
    expect(engine).toMatchObject({
      name: "mymodel-default-svc-orch",
      componentIndex: undefined,
      labels: {
        "seldon-app": "mymodel-default",
        "seldon-deployment-id": "mymodel-default",
        app: "mymodel-default-svc-orch",
        version: "default",
      },
      annotations: { "seldon.io/rest-timeout": "7", s: "1", "prometheus.io/scrape": "true" },
      spec: { serviceAccountName: "default", serviceAccount: "default" },
    });
  });

  it.each([
    { name: "none is set", settings: { defaultUserId: "" }, spec: {}, want: undefined },
    { name: "it is not a number", settings: { defaultUserId: "root" }, spec: {}, want: undefined },
    { name: "the setting", settings: { defaultUserId: "7" }, spec: {}, want: { runAsUser: 7 } },
    {
      name: "the user's whole context",
      settings: { defaultUserId: "7" },
      spec: { securityContext: { fsGroup: 1 } },
      want: { fsGroup: 1 },
    },
  ])("takes the security context from $name", ({ settings, spec, want }) => {
    const [pod] = workloadsOf(
      manifestOf({ graph, componentSpecs: [{ spec: { ...one[0]?.spec, ...spec } }] }),
      { ...defaultSettings, ...settings },
    );
    expect(pod?.spec.securityContext).toEqual(want);
  });

  it("keeps a user's pod settings", () => {
    const spec = { terminationGracePeriodSeconds: 5, nodeSelector: { a: "b" }, restartPolicy: "" };
    const [pod] = workloadsOf(
      manifestOf({ graph, componentSpecs: [{ spec: { ...one[0]?.spec, ...spec } }] }),
    );
    expect(pod?.spec).toMatchObject({
      terminationGracePeriodSeconds: 5,
      nodeSelector: { a: "b" },
      restartPolicy: "Always",
    });
  });

  it("mounts the certificate where the engine and the root are", () => {
    const manifest = manifestOf({
      graph: chain,
      componentSpecs: twoModels,
      ssl: { certSecretName: "cert" },
    });
    const [first, second] = workloadsOf(manifest).map((each) =>
      withCertificate(each, subjectOf(manifest)),
    );
    expect(first?.spec.volumes).toContainEqual({
      name: "seldon-cert-volume",
      secret: { secretName: "cert" },
    });
    for (const container of first?.spec.containers ?? []) {
      expect(envOf(container)).toContain("SELDON_CERT_MOUNT_PATH=/cert/");
      expect(container.volumeMounts).toContainEqual({
        name: "seldon-cert-volume",
        mountPath: "/cert/",
        readOnly: true,
      });
    }
    expect(JSON.stringify(second)).not.toContain("cert");
  });

  it("is deterministic and leaves its input as it is", () => {
    expect(workloadsOf(mymodel)).toEqual(workloadsOf(mymodel));
  });
});
