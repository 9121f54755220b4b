import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../api/settings.ts";
import { render } from "../../../operator/render/render.ts";
import { manifestOf, parsed } from "./fixture.ts";
import { desiredOf, namesOf } from "./rendered.ts";

const graph = { name: "model" };
const spec = { containers: [{ name: "model", image: "I:1" }] };
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "mymodel-default-0-model" };
const scaled = (component: object): object =>
  manifestOf({ graph, componentSpecs: [{ spec, ...component }] });
const scalingOf = (component: object, settings = {}) =>
  desiredOf(scaled(component), settings).scaling;
const hpaMetricsOf = (hpaSpec: object): unknown => {
  const [spec] = scalingOf({ hpaSpec: { maxReplicas: 3, ...hpaSpec } }).map((hpa) => hpa["spec"]);
  return (spec as { metrics?: unknown }).metrics;
};
const kedaSpec = {
  pollingInterval: 1,
  cooldownPeriod: 2,
  minReplicaCount: 3,
  maxReplicaCount: 4,
  idleReplicaCount: 0,
  advanced: {
    restoreToOriginalReplicaCount: true,
    horizontalPodAutoscalerConfig: { behavior: { scaleUp: { stabilizationWindowSeconds: 5 } } },
  },
  triggers: [
    {
      type: "prometheus",
      name: "t",
      metadata: { threshold: "1" },
      authenticationRef: { name: "a", kind: "TriggerAuthentication" },
      metricType: "Value",
    },
  ],
  fallback: { failureThreshold: 3, replicas: 6 },
};

describe("scalingObjects", () => {
  it("renders an HPA under the name of its Deployment", () => {
    expect(scalingOf({ hpaSpec: { minReplicas: 1, maxReplicas: 3 } })).toEqual([
      {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: {
          name: "mymodel-default-0-model",
          namespace: "ns1",
          labels: { "seldon-deployment-id": "mymodel", "espalier.io/deployment": "mymodel" },
        },
        spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 3 },
      },
    ]);
    expect(scalingOf({ hpaSpec: { maxReplicas: 3 } })[0]?.["spec"]).toEqual({
      scaleTargetRef: target,
      maxReplicas: 3,
    });
  });

  const selector = { matchLabels: { a: "b" } };
  it.each([
    {
      name: "Resource by utilization",
      metric: { type: "Resource", resource: { name: "cpu", targetAverageUtilization: 70 } },
      want: {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    },
    {
      name: "Resource by value",
      metric: { type: "Resource", resource: { name: "cpu", targetAverageValue: "500m" } },
      want: {
        type: "Resource",
        resource: { name: "cpu", target: { type: "AverageValue", averageValue: "500m" } },
      },
    },
    {
      name: "ContainerResource by utilization",
      metric: {
        type: "ContainerResource",
        containerResource: { container: "model", name: "cpu", targetAverageUtilization: 70 },
      },
      want: {
        type: "ContainerResource",
        containerResource: {
          container: "model",
          name: "cpu",
          target: { type: "Utilization", averageUtilization: 70 },
        },
      },
    },
    {
      name: "ContainerResource by value",
      metric: {
        type: "ContainerResource",
        containerResource: { container: "model", name: "cpu", targetAverageValue: 1 },
      },
      want: {
        type: "ContainerResource",
        containerResource: {
          container: "model",
          name: "cpu",
          target: { type: "AverageValue", averageValue: 1 },
        },
      },
    },
    {
      name: "Pods",
      metric: { type: "Pods", pods: { metricName: "m", selector, targetAverageValue: "5" } },
      want: {
        type: "Pods",
        pods: {
          metric: { name: "m", selector },
          target: { type: "AverageValue", averageValue: "5" },
        },
      },
    },
    {
      name: "Object by value",
      metric: {
        type: "Object",
        object: {
          target: { kind: "Service", name: "s" },
          metricName: "m",
          selector,
          targetValue: "5",
        },
      },
      want: {
        type: "Object",
        object: {
          describedObject: { kind: "Service", name: "s" },
          metric: { name: "m", selector },
          target: { type: "Value", value: "5" },
        },
      },
    },
    {
      name: "Object by average",
      metric: {
        type: "Object",
        object: {
          target: { apiVersion: "v1", kind: "Service", name: "s" },
          metricName: "m",
          targetValue: "5",
          averageValue: "2",
        },
      },
      want: {
        type: "Object",
        object: {
          describedObject: { apiVersion: "v1", kind: "Service", name: "s" },
          metric: { name: "m" },
          target: { type: "AverageValue", value: "5", averageValue: "2" },
        },
      },
    },
    {
      name: "External by value",
      metric: {
        type: "External",
        external: { metricName: "m", metricSelector: selector, targetValue: "5" },
      },
      want: {
        type: "External",
        external: { metric: { name: "m", selector }, target: { type: "Value", value: "5" } },
      },
    },
    {
      name: "External by average",
      metric: { type: "External", external: { metricName: "m", targetAverageValue: "5" } },
      want: {
        type: "External",
        external: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "5" } },
      },
    },
  ])("converts a metric of v2beta1: $name", ({ metric, want }) => {
    expect(hpaMetricsOf({ metrics: [metric] })).toEqual([want]);
  });

  it("passes metrics of v2 on, and prefers those of v2beta1", () => {
    const resource = { name: "cpu", target: { type: "Utilization", averageUtilization: 1 } };
    const metricsv2 = [{ type: "Resource", resource }];
    expect(hpaMetricsOf({ metricsv2: [{ ...metricsv2[0], typ: "x" }] })).toEqual(metricsv2);
    expect(hpaMetricsOf({ metricsv2, metrics: [] })).toEqual(metricsv2);
    const metrics = [{ type: "Resource", resource: { name: "memory", targetAverageValue: "1" } }];
    expect(hpaMetricsOf({ metricsv2, metrics })).toMatchObject([{ resource: { name: "memory" } }]);
  });

  it("renders what KEDA is asked for", () => {
    expect(scalingOf({ kedaSpec }, { kedaEnabled: true })).toEqual([
      {
        apiVersion: "keda.sh/v1alpha1",
        kind: "ScaledObject",
        metadata: {
          name: "mymodel-default-0-model",
          namespace: "ns1",
          labels: { "seldon-deployment-id": "mymodel", "espalier.io/deployment": "mymodel" },
        },
        spec: { scaleTargetRef: target, ...kedaSpec },
      },
    ]);
    expect(scalingOf({ kedaSpec: { triggers: [] } }, { kedaEnabled: true })[0]?.["spec"]).toEqual({
      scaleTargetRef: target,
      triggers: [],
    });
  });

  it("lets KEDA win over an HPA", () => {
    const both = { kedaSpec, hpaSpec: { maxReplicas: 2 } };
    expect(namesOf(scalingOf(both, { kedaEnabled: true }))).toEqual([
      "ScaledObject mymodel-default-0-model",
    ]);
  });

  it("says that KEDA is off, and scales nothing", () => {
    const result = render(parsed(scaled({ kedaSpec })), defaultSettings);
    expect(result).toMatchObject({
      ok: true,
      value: { scaling: [] },
      warnings: [{ path: "spec.predictors[0].componentSpecs[0].kedaSpec" }],
    });
  });

  it.each([{ minAvailable: 1 }, { maxUnavailable: "10%" }])(
    "protects the pods of its Deployment alone: %j",
    (pdbSpec) => {
      expect(scalingOf({ pdbSpec })).toEqual([
        {
          apiVersion: "policy/v1",
          kind: "PodDisruptionBudget",
          metadata: {
            name: "mymodel-default-0-model",
            namespace: "ns1",
            labels: { "seldon-deployment-id": "mymodel", "espalier.io/deployment": "mymodel" },
          },
          spec: {
            ...pdbSpec,
            selector: {
              matchLabels: {
                "seldon-deployment-id": "mymodel",
                "seldon-app-svc-model": "mymodel-default-model",
                "seldon-app": "mymodel-default",
                app: "mymodel-default-0-model",
              },
            },
          },
        },
      ]);
    },
  );

  it("is for componentSpecs, not for engines of their own", () => {
    const desired = desiredOf(
      manifestOf(
        {
          graph,
          componentSpecs: [{ spec, hpaSpec: { maxReplicas: 2 }, pdbSpec: { minAvailable: 1 } }],
        },
        { annotations: { "seldon.io/engine-separate-pod": "true" } },
      ),
    );
    expect(namesOf(desired.scaling)).toEqual([
      "HorizontalPodAutoscaler mymodel-default-0-model",
      "PodDisruptionBudget mymodel-default-0-model",
    ]);
  });
});
