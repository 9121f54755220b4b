/**
 * From a predictor to the processes that stand for its pods on this machine.
 *
 * What flows in is what the operator would render; what flows out are commands, folders and
 * environments, with every reason why a container cannot run here.
 */
import { hasNoEngine } from "../api/deployment.ts";
import { failure, type Issue, type Result, success } from "../api/result.ts";
import type { Container } from "../api/types.ts";
import type { Subject } from "../operator/render/subject.ts";
import { renderWorkloads } from "../operator/render/workload.ts";
import { isOurEngine, layOutContainer, layOutEngine, layOutFetch } from "./container-process.ts";
import { podinfoText } from "./env.ts";
import { relocate } from "./relocate.ts";
import type { Bench, Machine, Place, PodLayout, PredictorLayout, Site } from "./site.ts";

export const layOut = (site: Site, place: Place, machine: Machine): Result<PredictorLayout> => {
  const subject = subjectOf(site, place, machine);
  const workloads = renderWorkloads(subject);
  if (!workloads.ok) return workloads;

  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const laid = workloads.value.map((workload, i) => {
    const bench: Bench = {
      site,
      subject,
      machine,
      workload,
      issues,
      warnings,
      podinfo: `${place.scratch}/annotations-${i}`,
      scratch: place.scratch,
    };
    return { pod: layOutPod(bench), engine: layOutEngine(bench) };
  });
  if (issues.length > 0) return failure(issues, warnings);
  const root = place.ports.get(subject.predictor.graph.name);
  return success(
    {
      predictor: subject.predictor.name,
      pods: laid.map(({ pod }) => pod),
      engine: laid.map(({ engine }) => engine).find((engine) => engine !== undefined),
      entry: hasNoEngine(subject.predictor) && root !== undefined ? root : place.engine,
    },
    warnings,
  );
};

/** Renders with the ports of this machine; certificates stay in the cluster. */
const subjectOf = ({ deployment, index }: Site, place: Place, { settings }: Machine): Subject => {
  const predictor = deployment.spec.predictors[index];
  if (predictor === undefined) throw new Error(`predictor ${index} is not in the deployment`);
  const { ssl: _ssl, ...plain } = predictor;
  return {
    deployment,
    predictor: relocate(plain, place.ports, settings.metricsPortName),
    settings: {
      ...settings,
      engineHttpPort: place.engine.http,
      engineGrpcPort: place.engine.grpc,
      engineMetricsPort: 0, // none: the engine serves its metrics at the REST port too
    },
  };
};

const layOutPod = (bench: Bench): PodLayout => {
  const { workload, site, podinfo } = bench;
  const { componentIndex, spec, annotations } = workload;
  const path = `spec.predictors[${site.index}].componentSpecs[${componentIndex}].spec`;
  const all = (spec.initContainers ?? []).map((container, i) =>
    layOutContainer(container, `${path}.initContainers[${i}]`, bench),
  );
  const init = all.filter((_layout, i) => !staysUp(spec.initContainers?.[i]));
  const fetches = spec.containers.map((container, i) =>
    isOurEngine(container, bench)
      ? undefined
      : layOutFetch(container, `${path}.containers[${i}]`, bench),
  );
  const sidecars = all.filter((_layout, i) => staysUp(spec.initContainers?.[i]));
  const containers = spec.containers.map((container, i) =>
    isOurEngine(container, bench)
      ? undefined
      : layOutContainer(container, `${path}.containers[${i}]`, bench),
  );
  return {
    init: [...init, ...fetches].filter((layout) => layout !== undefined),
    containers: [...sidecars, ...containers].filter((layout) => layout !== undefined),
    podinfo: { file: podinfo, text: podinfoText(annotations) },
  };
};

/** An init container that runs beside the others. Source: Kubernetes, sidecar containers. */
const staysUp = (container: Container | undefined): boolean =>
  container?.restartPolicy === "Always";
