/**
 * Plays Seldon Core 1.17.1: makes the objects of a one-model SeldonDeployment as its operator does,
 * by POST and PUT under the manager "manager". Source: operator contract, 4, 6.1, 8.2, 8.3, 14.
 */
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type Api, type Given, targetOf } from "./api.ts";
import type { Fields } from "./operator-manifests.ts";

/** The field manager of client-go in a process called `manager`. */
export const v1Manager = "manager";

export type V1Model = {
  /** The SeldonDeployment as it is stored. */
  readonly owner: KubernetesObject;
  readonly predictor: string;
  readonly container: string;
  readonly image: string;
  /** Of the manifest's container. */
  readonly env?: readonly Fields[];
  readonly ports?: readonly Fields[];
  /** Of the componentSpec and the predictor. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly replicas?: number;
};

const v1Engine = "docker.io/seldonio/seldon-core-executor:1.17.1";

const env = (name: string, value: string): Fields => ({ name, value });

/** Source: operator contract, 8.1. */
const ownerOf = ({ metadata: { name, uid } }: KubernetesObject): readonly Fields[] => [
  {
    ...{ apiVersion: "machinelearning.seldon.io/v1", kind: "SeldonDeployment", name, uid },
    ...{ controller: true, blockOwnerDeletion: true },
  },
];

type Named = { readonly model: V1Model; readonly service: string; readonly own: string };

const namesOf = (model: V1Model): Named => {
  const service = `${model.owner.metadata.name}-${model.predictor}`;
  return { model, service, own: `${service}-${model.container}` };
};

const metadataOf = (
  { model: { owner } }: Named,
  name: string,
  more: { readonly labels?: object; readonly annotations?: object } = {},
): Given["metadata"] => ({
  ...{ name, namespace: owner.metadata.namespace ?? "", ownerReferences: ownerOf(owner) },
  ...more,
});

const port = (name: string, number: number, key = "containerPort"): Fields => ({
  ...{ name, [key]: number, protocol: "TCP" },
  ...(key === "port" ? { targetPort: number } : {}),
});

const services = (named: Named): readonly Given[] => {
  const { model, service, own } = named;
  const id = model.owner.metadata.name;
  const managed = { "app.kubernetes.io/managed-by": "seldon-core" };
  const common = { type: "ClusterIP", sessionAffinity: "None" };
  const annotations = model.annotations ?? {};
  const key = `seldon-app-svc-${model.container}`;
  const ofContainer = {
    ...{ [key]: own, "seldon-deployment-id": id, "seldon-app": service },
    ...{ "seldon.io/model": "true", ...managed },
  };
  const ofPredictor = { "seldon-app": service, "seldon-deployment-id": id, ...managed };
  return [
    {
      ...{ apiVersion: "v1", kind: "Service" },
      metadata: metadataOf(named, own, { labels: ofContainer, annotations }),
      spec: {
        ...{ ...common, selector: { [key]: own } },
        ports: [port("http", 9000, "port"), port("grpc", 9500, "port")],
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service" },
      metadata: metadataOf(named, service, { labels: ofPredictor, annotations }),
      spec: {
        ...{ ...common, selector: { "seldon-app": service } },
        ports: [port("http", 8000, "port"), port("grpc", 5001, "port")],
      },
    },
  ];
};

const probe = (handler: Fields, initialDelaySeconds: number, timeoutSeconds: number): Fields => ({
  ...handler,
  ...{ initialDelaySeconds, periodSeconds: 5, successThreshold: 1, failureThreshold: 3 },
  timeoutSeconds,
});

const termination = {
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
};

const mounts = [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }];

/** Source: operator contract, 4.3. The last names come twice if the manifest has them too. */
const modelContainer = ({ model }: Named): Fields => {
  const { owner, container, image, predictor } = model;
  const tcp = { tcpSocket: { port: 9000 } };
  return {
    ...{ name: container, image, imagePullPolicy: "IfNotPresent", ...termination },
    ports: [
      ...(model.ports ?? []),
      ...[port("metrics", 6000), port("http", 9000), port("grpc", 9500)],
    ],
    env: [
      ...(model.env ?? []),
      env("PREDICTIVE_UNIT_SERVICE_PORT", "9000"),
      env("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "9000"),
      env("MLSERVER_HTTP_PORT", "9000"),
      env("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "9500"),
      env("MLSERVER_GRPC_PORT", "9500"),
      env("PREDICTIVE_UNIT_ID", container),
      env("MLSERVER_MODEL_NAME", container),
      env("PREDICTIVE_UNIT_IMAGE", image),
      env("PREDICTOR_ID", predictor),
      env("PREDICTOR_LABELS", JSON.stringify({ version: predictor })),
      env("SELDON_DEPLOYMENT_ID", owner.metadata.name),
      env("SELDON_EXECUTOR_ENABLED", "true"),
      env("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "6000"),
      env("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
      env("MLSERVER_METRICS_PORT", "6000"),
      env("MLSERVER_METRICS_ENDPOINT", "/prometheus"),
    ],
    livenessProbe: probe(tcp, 60, 1),
    readinessProbe: probe(tcp, 20, 1),
    lifecycle: { preStop: { exec: { command: ["/bin/sh", "-c", "/bin/sleep 10"] } } },
    volumeMounts: mounts,
  };
};

/** Source: operator contract, 4.4: `http` and `metrics` are one number. */
const engineContainer = ({ model: { owner, predictor } }: Named): Fields => {
  const { name, namespace = "" } = owner.metadata;
  const plan = Buffer.from(JSON.stringify({ name: predictor, graph: {} })).toString("base64");
  const http = (path: string) => ({ httpGet: { path, port: 8000, scheme: "HTTP" } });
  return {
    ...{ name: "seldon-container-engine", image: v1Engine, imagePullPolicy: "IfNotPresent" },
    args: [
      ...["--sdep", name, "--namespace", namespace, "--predictor", predictor],
      ...["--http_port", "8000", "--grpc_port", "5001", "--protocol", "seldon"],
      ...["--transport", "rest", "--prometheus_path", "/prometheus", "--server_type", "rpc"],
      ...["--log_work_buffer_size", "10000", "--log_write_timeout_ms", "2000"],
      "--full_health_checks=false",
    ],
    ports: [port("http", 8000), port("metrics", 8000), port("grpc", 5001)],
    env: [
      env("ENGINE_PREDICTOR", plan),
      env("REQUEST_LOGGER_DEFAULT_ENDPOINT", "http://default-broker"),
    ],
    readinessProbe: probe(http("/ready"), 20, 60),
    livenessProbe: probe(http("/live"), 20, 60),
    resources: {
      limits: { cpu: "500m", memory: "512Mi" },
      requests: { cpu: "500m", memory: "512Mi" },
    },
    securityContext: { runAsUser: 8888, allowPrivilegeEscalation: false },
    volumeMounts: mounts,
    ...termination,
  };
};

const podSpecOf = (named: Named): Fields => ({
  containers: [modelContainer(named), engineContainer(named)],
  ...{ restartPolicy: "Always", dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler" },
  ...{ terminationGracePeriodSeconds: 20, securityContext: { runAsUser: 8888 } },
  volumes: [
    {
      name: "seldon-podinfo",
      downwardAPI: {
        defaultMode: 420,
        items: [
          {
            path: "annotations",
            fieldRef: { apiVersion: "v1", fieldPath: "metadata.annotations" },
          },
        ],
      },
    },
  ],
});

/** Source: operator contract, 4.2. `seldon.io/last-applied` is the object itself. */
const deployment = (named: Named): Given => {
  const { model, service, own } = named;
  const name = `${service}-0-${model.container}`;
  const selector = {
    "seldon-deployment-id": model.owner.metadata.name,
    [`seldon-app-svc-${model.container}`]: own,
    "seldon-app": service,
  };
  const labels = {
    ...{ app: name, fluentd: "true", version: model.predictor, ...model.labels },
    ...{ "seldon.io/model": "true", "app.kubernetes.io/managed-by": "seldon-core" },
    ...selector,
  };
  const annotations = {
    ...{ "prometheus.io/path": "/prometheus", "prometheus.io/scrape": "true" },
    ...model.annotations,
  };
  const spec = {
    ...(model.replicas === undefined ? {} : { replicas: model.replicas }),
    selector: { matchLabels: selector },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
    template: { metadata: { labels, annotations }, spec: podSpecOf(named) },
  };
  const original = Buffer.from(JSON.stringify({ spec })).toString("base64");
  return {
    ...{ apiVersion: "apps/v1", kind: "Deployment", spec },
    metadata: metadataOf(named, name, {
      labels: { ...labels, "seldon-deployment-contains-svcorch": "true" },
      annotations: { ...model.annotations, "seldon.io/last-applied": original },
    }),
  };
};

/** Source: operator contract, 6.1: without labels. */
const istioObjects = (named: Named): readonly Given[] => {
  const { model, service } = named;
  const { name, namespace = "" } = model.owner.metadata;
  const host = `${service}.${namespace}.svc.cluster.local`;
  const to = (number: number): readonly Fields[] => [
    { destination: { host, subset: model.predictor, port: { number } } },
  ];
  const header = { seldon: { exact: name }, namespace: { exact: namespace } };
  const regex = ".*tensorflow.*|.*seldon.protos.*|.*inference.*";
  return [
    {
      ...{ apiVersion: "networking.istio.io/v1alpha3", kind: "VirtualService" },
      metadata: metadataOf(named, name),
      spec: {
        ...{ hosts: ["*"], gateways: ["istio-system/seldon-gateway"] },
        http: [
          {
            match: [{ uri: { prefix: `/seldon/${namespace}/${name}/` } }],
            ...{ rewrite: { uri: "/" }, route: to(8000) },
          },
          { match: [{ uri: { regex }, headers: header }], route: to(5001) },
        ],
      },
    },
    {
      ...{ apiVersion: "networking.istio.io/v1alpha3", kind: "DestinationRule" },
      metadata: metadataOf(named, service),
      spec: {
        host,
        subsets: [{ name: model.predictor, labels: { version: model.predictor } }],
        trafficPolicy: { connectionPool: { http: { idleTimeout: "60s" } } },
      },
    },
  ];
};

/** Makes them all; answers the Deployment. */
export const actAsV1 = async (api: Api, model: V1Model): Promise<KubernetesObject> => {
  const named = namesOf(model);
  const manager = v1Manager;
  for (const one of services(named)) await api.create(one, { manager });
  const made = await api.create(deployment(named), { manager });
  for (const one of istioObjects(named)) await api.create(one, { manager });
  return made;
};

/** What is left of a container that the manifest has no longer, until v1 deletes it. */
export const leaveAsV1 = async (api: Api, model: V1Model): Promise<string> => {
  const named = namesOf(model);
  const [ofContainer] = services(named);
  if (ofContainer !== undefined) await api.create(ofContainer, { manager: v1Manager });
  return (await api.create(deployment(named), { manager: v1Manager })).metadata.name;
};

/** An HPA as v1 makes it. Source: operator contract, 4.9. */
export const scaleAsV1 = async (api: Api, model: V1Model, spec: Fields): Promise<void> => {
  const named = namesOf(model);
  const name = `${named.service}-0-${model.container}`;
  const labels = { "seldon-deployment-id": model.owner.metadata.name };
  await api.create(
    {
      ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
      metadata: metadataOf(named, name, { labels }),
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name }, ...spec },
    },
    { manager: v1Manager },
  );
};

/** Its status when all is ready; `stale` are Deployments that it remembers. Source: 1.3, 8.3. */
export const reportAsV1 = async (
  api: Api,
  model: V1Model,
  stale: readonly string[] = [],
): Promise<void> => {
  const { service, own } = namesOf(model);
  const { owner, predictor, container, replicas = 1 } = model;
  const { name, namespace = "" } = owner.metadata;
  const names = [`${name}-${predictor}-0-${container}`, ...stale];
  const entry = (svcName: string, http: number, grpc: number): Fields => ({
    svcName,
    httpEndpoint: `${svcName}.${namespace}:${http}`,
    grpcEndpoint: `${svcName}.${namespace}:${grpc}`,
  });
  const lastTransitionTime = "2024-01-01T00:00:00Z";
  const types = {
    AmbassadorMappingsReady: "No Ambassador Mappaings defined",
    DeploymentsReady: "MinimumReplicasAvailable",
    HpasReady: "No HPAs defined",
    KedaReady: "No KEDA resources defined",
    PdbsReady: "No PDBs defined",
    Ready: "",
    ServicesReady: "All services created",
    istioVirtualServicesReady: "All VirtualServices created",
  };
  const status = {
    ...{ state: "Available", replicas },
    address: {
      url: `http://${service}.${namespace}.svc.cluster.local:8000/api/v1.0/predictions`,
    },
    deploymentStatus: Object.fromEntries(
      names.map((one) => [one, { replicas, availableReplicas: replicas }]),
    ),
    serviceStatus: {
      [service]: entry(service, 8000, 5001),
      [own]: entry(own, 9000, 9500),
    },
    conditions: Object.entries(types).map(([type, reason]) => ({
      ...{ type, status: "True", lastTransitionTime },
      ...(reason === "" ? {} : { reason }),
    })),
  };
  const now = await api.get(targetOf({ ...owner, metadata: { ...owner.metadata } }));
  await api.replace(
    { ...now, metadata: { ...now.metadata }, status },
    { manager: v1Manager, subresource: "status" },
  );
};
