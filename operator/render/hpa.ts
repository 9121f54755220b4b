/** HorizontalPodAutoscalers. Source: operator contract, 4.9. */
import type { Kubernetes } from "../../api/kubernetes/fields.ts";
import type { HpaSpec } from "../../api/types.ts";
import { knownFields } from "./known-fields.ts";
import { given } from "./object.ts";

type Metric = Kubernetes<"MetricSpec">;
type OldMetric = Kubernetes<"MetricSpecV2Beta1">;
type Target = Kubernetes<"MetricTarget">;
type Quantity = string | number;

/** The metrics in the form of autoscaling/v2; those in the form of v2beta1 win. */
export const hpaMetrics = ({ metrics, metricsv2 }: HpaSpec): readonly Metric[] | undefined =>
  (metrics?.length ? metrics.map(converted) : metricsv2)?.map((metric) =>
    knownFields("MetricSpec", metric),
  );

/** A source that is not there would have been a fault; a kind that nobody knows is that of an object. */
const converted = (metric: OldMetric): Metric => {
  const { type } = metric;
  switch (type) {
    case "Resource":
      return { type, ...given({ resource: metric.resource && fromResource(metric.resource) }) };
    case "ContainerResource":
      return {
        type,
        ...given({
          containerResource: metric.containerResource && fromContainer(metric.containerResource),
        }),
      };
    case "Pods":
      return { type, ...given({ pods: metric.pods && fromPods(metric.pods) }) };
    case "External":
      return { type, ...given({ external: metric.external && fromExternal(metric.external) }) };
    default:
      return { type: "Object", ...given({ object: metric.object && fromObject(metric.object) }) };
  }
};

const fromResource = (source: Kubernetes<"ResourceMetricSourceV2Beta1">): Metric["resource"] => ({
  name: source.name,
  target: share(source),
});

const fromContainer = (
  source: Kubernetes<"ContainerResourceMetricSourceV2Beta1">,
): Metric["containerResource"] => ({
  name: source.name,
  container: source.container,
  target: share(source),
});

/** A share of what pods request, or an amount a pod. */
const share = (source: {
  readonly targetAverageValue?: Quantity;
  readonly targetAverageUtilization?: number;
}): Target => ({
  type: source.targetAverageValue === undefined ? "Utilization" : "AverageValue",
  ...given({
    averageUtilization: source.targetAverageUtilization,
    averageValue: source.targetAverageValue,
  }),
});

const fromPods = (source: Kubernetes<"PodsMetricSourceV2Beta1">): Metric["pods"] => ({
  metric: { name: source.metricName, ...given({ selector: source.selector }) },
  target: { type: "AverageValue", averageValue: source.targetAverageValue },
});

const fromObject = (source: Kubernetes<"ObjectMetricSourceV2Beta1">): Metric["object"] => ({
  describedObject: source.target,
  metric: { name: source.metricName, ...given({ selector: source.selector }) },
  target: {
    type: source.averageValue === undefined ? "Value" : "AverageValue",
    value: source.targetValue,
    ...given({ averageValue: source.averageValue }),
  },
});

const fromExternal = (source: Kubernetes<"ExternalMetricSourceV2Beta1">): Metric["external"] => ({
  metric: { name: source.metricName, ...given({ selector: source.metricSelector }) },
  target: {
    type: source.targetValue === undefined ? "AverageValue" : "Value",
    ...given({ value: source.targetValue, averageValue: source.targetAverageValue }),
  },
});
