import { describe, expect, it } from "@jest/globals";
import { manifestOf, mymodel } from "./fixture.ts";
import { desiredOf, specOf } from "./rendered.ts";

const graph = { name: "model" };
const one = [{ spec: { containers: [{ name: "model", image: "I:1" }] } }];
const chain = {
  graph: { name: "a", children: [{ name: "b" }] },
  componentSpecs: [
    { spec: { containers: [{ name: "a", image: "A:1" }] } },
    { spec: { containers: [{ name: "b", image: "B:1" }] } },
  ],
};
const separate = { annotations: { "seldon.io/engine-separate-pod": "true" } };
const noEngine = { "seldon.io/no-engine": "true" };

describe("deploymentObject", () => {
  it("keeps a pod until the next one serves", () => {
    expect(specOf(desiredOf(mymodel)).strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0 },
    });
  });

  it.each([
    {
      name: "the pod of engine and model",
      manifest: mymodel,
      want: [
        {
          "seldon-deployment-id": "mymodel",
          "seldon-app-svc-model": "mymodel-default-model",
          "seldon-app": "mymodel-default",
        },
      ],
    },
    {
      name: "a second componentSpec",
      manifest: manifestOf(chain),
      want: [
        {
          "seldon-deployment-id": "mymodel",
          "seldon-app-svc-a": "mymodel-default-a",
          "seldon-app": "mymodel-default",
        },
        { "seldon-deployment-id": "mymodel", "seldon-app-svc-b": "mymodel-default-b" },
      ],
    },
    {
      name: "an engine of its own",
      manifest: manifestOf({ graph, componentSpecs: one }, separate),
      want: [
        { "seldon-app": "mymodel-default", "seldon-deployment-id": "mymodel-default" },
        { "seldon-deployment-id": "mymodel", "seldon-app-svc-model": "mymodel-default-model" },
      ],
    },
    {
      name: "no engine",
      manifest: manifestOf({ graph, componentSpecs: one, annotations: noEngine }),
      want: [
        {
          "seldon-deployment-id": "mymodel",
          "seldon-app-svc-model": "mymodel-default-model",
          "seldon-app": "mymodel-default",
        },
      ],
    },
    {
      name: "a pod without nodes",
      manifest: manifestOf({
        graph,
        componentSpecs: [...one, { spec: { containers: [{ name: "side", image: "S" }] } }],
      }),
      want: [
        {
          "seldon-deployment-id": "mymodel",
          "seldon-app-svc-model": "mymodel-default-model",
          "seldon-app": "mymodel-default",
        },
        { "seldon-deployment-id": "mymodel" },
      ],
    },
    {
      name: "a name of 67 characters",
      manifest: {
        ...manifestOf({ graph, componentSpecs: one }),
        metadata: { name: "m".repeat(67), namespace: "ns1" },
      },
      want: [
        {
          "seldon-deployment-id": "seldon-fbfdb1aa45598e259d914d9860b3a84f",
          "seldon-app-svc-model": expect.stringMatching(/^seldon-[0-9a-f]{32}$/),
          "seldon-app": expect.stringMatching(/^seldon-[0-9a-f]{32}$/),
        },
      ],
    },
  ])("selects $name by exactly its labels", ({ manifest, want }) => {
    const desired = desiredOf(manifest);
    expect(desired.deployments.map((_each, i) => specOf(desired, i).selector.matchLabels)).toEqual(
      want,
    );
  });

  it("selects its own pods, whatever labels a user gives them", () => {
    const labels = { "seldon-deployment-id": "mine", "seldon-app": "mine", app: "mine" };
    for (const spec of [{}, separate]) {
      const desired = desiredOf(
        manifestOf({ graph, componentSpecs: one, labels: { ...labels, version: "1" } }, spec),
      );
      desired.deployments.forEach((_each, i) => {
        const { selector, template } = specOf(desired, i);
        expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, app: "mine" });
      });
    }
  });

  it("labels the Deployment that hosts the engine, and not its pods", () => {
    const host = { "seldon-deployment-contains-svcorch": "true" };
    const desired = desiredOf(manifestOf(chain));
    expect(desired.deployments.map(({ object }) => object.metadata.labels)).toEqual([
      { ...specOf(desired).template.metadata.labels, ...host, "espalier.io/deployment": "mymodel" },
      { ...specOf(desired, 1).template.metadata.labels, "espalier.io/deployment": "mymodel" },
    ]);
    const [alone] = desiredOf(manifestOf(chain, separate)).deployments;
    expect(alone?.object.metadata.labels).toEqual({
      ...host,
      "seldon-app": "mymodel-default",
      "seldon-deployment-id": "mymodel-default",
      app: "mymodel-default-svc-orch",
      version: "default",
      fluentd: "true",
      "espalier.io/deployment": "mymodel",
    });
  });

  it("annotates Deployments and pods, of which the pods alone are scraped", () => {
    const spec = { annotations: { s: "spec", x: "spec", ...separate.annotations } };
    const annotations = { x: "predictor", y: "predictor" };
    const [{ spec: pod } = {}] = one;
    const metadata = { annotations: { y: "component" } };
    const desired = desiredOf(
      manifestOf({ graph, annotations, componentSpecs: [{ metadata, spec: pod }] }, spec),
    );
    const scraped = { "prometheus.io/path": "/prometheus", "prometheus.io/scrape": "true" };
    const own = { ...spec.annotations, x: "predictor", y: "component" };
    expect(desired.deployments.map(({ object }) => object.metadata.annotations)).toEqual([
      spec.annotations,
      own,
    ]);
    expect(specOf(desired).template.metadata.annotations).toEqual({
      ...scraped,
      ...spec.annotations,
      ...annotations,
    });
    expect(specOf(desired, 1).template.metadata.annotations).toEqual({ ...scraped, ...own });
  });

  it("lets a predictor's annotations win again beside its engine", () => {
    const componentSpecs = [{ metadata: { annotations: { x: "component" } }, ...one[0] }];
    const desired = desiredOf(
      manifestOf({ graph, annotations: { x: "predictor" }, componentSpecs }),
    );
    expect(desired.deployments[0]?.object.metadata.annotations).toEqual({ x: "predictor" });
  });

  it("leaves annotations out where there are none", () => {
    expect(desiredOf(mymodel).deployments[0]?.object.metadata.annotations).toBeUndefined();
  });

  const scaler = { hpaSpec: { maxReplicas: 3 } };
  it.each([
    { name: "nobody", spec: {}, predictor: {}, component: {}, want: undefined },
    { name: "the spec", spec: { replicas: 2 }, predictor: {}, component: {}, want: 2 },
    {
      name: "the predictor",
      spec: { replicas: 2 },
      predictor: { replicas: 3 },
      component: {},
      want: 3,
    },
    {
      name: "the componentSpec",
      spec: { replicas: 2 },
      predictor: { replicas: 3 },
      component: { replicas: 0 },
      want: 0,
    },
    { name: "an HPA", spec: { replicas: 2 }, predictor: {}, component: scaler, want: undefined },
    {
      name: "KEDA",
      spec: { replicas: 2 },
      predictor: {},
      component: { kedaSpec: { triggers: [] } },
      want: undefined,
    },
  ])("takes its replicas from $name", ({ spec, predictor, component, want }) => {
    const componentSpecs = [{ ...one[0], ...component }];
    const desired = desiredOf(manifestOf({ graph, ...predictor, componentSpecs }, spec));
    expect(specOf(desired).replicas).toBe(want);
    expect("replicas" in specOf(desired)).toBe(want !== undefined);
  });

  it.each([
    { name: "svcOrchSpec", predictor: { svcOrchSpec: { replicas: 4 }, replicas: 3 }, want: [4, 3] },
    { name: "the predictor", predictor: { replicas: 3 }, want: [3, 3] },
    { name: "the spec", predictor: {}, want: [2, 2] },
  ])("takes those of a separate engine from $name", ({ predictor, want }) => {
    const desired = desiredOf(
      manifestOf({ graph, componentSpecs: one, ...predictor }, { ...separate, replicas: 2 }),
    );
    expect([specOf(desired).replicas, specOf(desired, 1).replicas]).toEqual(want);
  });

  it("passes the deadline of progress on, but not to a separate engine", () => {
    const desired = desiredOf(
      manifestOf({ graph, componentSpecs: one, progressDeadlineSeconds: 7 }, separate),
    );
    expect("progressDeadlineSeconds" in specOf(desired)).toBe(false);
    expect(specOf(desired, 1).progressDeadlineSeconds).toBe(7);
  });

  it.each([
    { name: "none", spec: {}, want: "default" },
    { name: "the name of today", spec: { serviceAccountName: "a" }, want: "a" },
    { name: "the name of old", spec: { serviceAccount: "a" }, want: "a" },
  ])("writes a service account under both names, given $name", ({ spec, want }) => {
    const componentSpecs = [{ spec: { ...one[0]?.spec, ...spec } }];
    expect(specOf(desiredOf(manifestOf({ graph, componentSpecs }))).template.spec).toMatchObject({
      serviceAccountName: want,
      serviceAccount: want,
    });
  });

  it("has each key of a list once", () => {
    const container = {
      name: "model",
      image: "I:1",
      ports: [
        { containerPort: 9000 },
        { name: "dns", containerPort: 9500, protocol: "UDP" },
        { name: "stats", containerPort: 6000 },
      ],
      volumeMounts: [{ name: "mine", mountPath: "/etc/podinfo" }],
    };
    const init = {
      name: "init",
      image: "I:1",
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    };
    const volumes = [
      { name: "mine", emptyDir: {} },
      { name: "seldon-cert-volume", emptyDir: {} },
    ];
    const spec = { containers: [container], initContainers: [init], volumes };
    const { template } = specOf(
      desiredOf(manifestOf({ graph, componentSpecs: [{ spec }], ssl: { certSecretName: "c" } })),
    );
    const [model] = template.spec.containers;
    expect(model?.ports).toEqual([
      { name: "http", containerPort: 9000 },
      { name: "dns", containerPort: 9500, protocol: "UDP" },
      { name: "stats", containerPort: 6000 },
      { name: "grpc", containerPort: 9500, protocol: "TCP" },
    ]);
    expect(model?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      "/etc/podinfo",
      "/cert/",
    ]);
    expect(template.spec.initContainers?.[0]?.env).toEqual([{ name: "A", value: "2" }]);
    expect(template.spec.volumes?.slice(0, 2)).toEqual(volumes);
    expect(template.spec.volumes).toHaveLength(3);
  });

  it("leaves out what Kubernetes does not know", () => {
    const container = {
      name: "model",
      image: "I:1",
      imagePulPolicy: "Always",
      readinessProbe: { httpGet: { path: "/", port: 1, prot: 2 } },
      resources: { limits: { "example.com/gpu": 1 } },
    };
    const spec = {
      containers: [container],
      tolerations: [{ key: "k", keyy: "k" }],
      nodeselector: {},
    };
    const pod = specOf(desiredOf(manifestOf({ graph, componentSpecs: [{ spec }] }))).template.spec;
    expect(pod).not.toHaveProperty("nodeselector");
    expect(pod.tolerations).toEqual([{ key: "k" }]);
    expect(pod.containers[0]).toMatchObject({ resources: container.resources });
    expect(pod.containers[0]).not.toHaveProperty("imagePulPolicy");
    expect(pod.containers[0]?.readinessProbe).toEqual({ httpGet: { path: "/", port: 1 } });
  });
});
