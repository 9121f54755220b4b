/**
 * The SeldonDeployment, described once: the static types (`types.ts`), the shape check
 * (`shape.ts`) and the CRD are made from it. Its three versions share one schema.
 *
 * Only what Kubernetes itself must refuse is said here; words such as `type` or `logger.mode` are
 * free text, as they always were, and are looked at by `checks/`. What is embedded from Kubernetes
 * is a reference into `kubernetes/`, and the CRD leaves it open.
 *
 * Source: operator contract, 1.1-1.3; deviation O1.
 */

import Type, { type TSchema, type TSchemaOptions } from "typebox";
import type { Kubernetes, KubernetesKind } from "./kubernetes/fields.ts";

export const group = "machinelearning.seldon.io";
export const kind = "SeldonDeployment";
export const versions = ["v1", "v1alpha2", "v1alpha3"] as const;

/** Levels of `children` below a root; Source: operator contract, 1.1. */
export const maxChildLevels = 10;

/** The key under which a schema node names the row of `kubernetes/` that describes it. */
export const embeds = "x-espalier-embeds";

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const text = (description?: string) =>
  optional(Type.String(description === undefined ? {} : { description }));
const truth = () => optional(Type.Boolean());
const int32 = (options: TSchemaOptions = {}) => Type.Integer({ format: "int32", ...options });
const count = () => optional(int32({ minimum: 0 }));
const textMap = () => optional(Type.Record(Type.String(), Type.String()));

const embedded = <K extends KubernetesKind>(name: K) =>
  Type.Unsafe<Kubernetes<K>>({
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    [embeds]: name,
  });

const intOrText = () =>
  optional(Type.Unsafe<string | number>({ "x-kubernetes-int-or-string": true }));

const EndpointSchema = Type.Object({
  service_host: text(),
  service_port: optional(int32()),
  type: text("REST or GRPC"),
  httpPort: optional(int32()),
  grpcPort: optional(int32()),
});

const ParameterSchema = Type.Object({
  name: Type.String(),
  value: Type.String({ description: "always a string, whatever the type" }),
  type: Type.String({ description: "INT, FLOAT, DOUBLE, STRING or BOOL" }),
});

const LoggerSchema = Type.Object({
  url: text(),
  mode: text("all, request or response"),
});

export const PredictiveUnitSchema = Type.Cyclic(
  {
    PredictiveUnit: Type.Object({
      name: Type.String({ description: "a container's name, unless implementation is given" }),
      children: optional(Type.Array(Type.Ref("PredictiveUnit"))),
      type: text("MODEL, ROUTER, COMBINER, TRANSFORMER or OUTPUT_TRANSFORMER"),
      implementation: text("a built-in node, or a key of the prepackaged servers"),
      methods: optional(Type.Array(Type.String())),
      endpoint: optional(EndpointSchema),
      parameters: optional(Type.Array(ParameterSchema)),
      modelUri: text(),
      serviceAccountName: text(),
      envSecretRefName: text(),
      storageInitializerImage: text(),
      logger: optional(LoggerSchema),
    }),
  },
  "PredictiveUnit",
);

const HpaSpecSchema = Type.Object({
  minReplicas: count(),
  maxReplicas: int32({ minimum: 1 }),
  metrics: optional(Type.Array(embedded("MetricSpecV2Beta1"))),
  metricsv2: optional(Type.Array(embedded("MetricSpec"))),
});

const KedaTriggerSchema = Type.Object({
  type: Type.String(),
  name: text(),
  metadata: Type.Record(Type.String(), Type.String()),
  authenticationRef: optional(Type.Object({ name: Type.String(), kind: text() })),
  metricType: text(),
});

const KedaSpecSchema = Type.Object({
  pollingInterval: count(),
  cooldownPeriod: count(),
  minReplicaCount: count(),
  maxReplicaCount: count(),
  idleReplicaCount: count(),
  advanced: optional(
    Type.Object({
      restoreToOriginalReplicaCount: truth(),
      horizontalPodAutoscalerConfig: optional(
        Type.Object({ behavior: optional(embedded("HorizontalPodAutoscalerBehavior")) }),
      ),
    }),
  ),
  triggers: Type.Array(KedaTriggerSchema),
  fallback: optional(Type.Object({ failureThreshold: int32(), replicas: int32() })),
});

const SeldonPodSpecSchema = Type.Object({
  metadata: optional(embedded("ObjectMeta")),
  spec: optional(embedded("PodSpec")),
  hpaSpec: optional(HpaSpecSchema),
  kedaSpec: optional(KedaSpecSchema),
  pdbSpec: optional(Type.Object({ minAvailable: intOrText(), maxUnavailable: intOrText() })),
  replicas: count(),
});

const SvcOrchSpecSchema = Type.Object({
  resources: optional(embedded("ResourceRequirements")),
  env: optional(Type.Array(embedded("EnvVar"))),
  replicas: count(),
});

const ExplainerSchema = Type.Object({
  type: text(),
  modelUri: text(),
  serviceAccountName: text(),
  containerSpec: optional(embedded("Container")),
  config: textMap(),
  endpoint: optional(EndpointSchema),
  envSecretRefName: text(),
  storageInitializerImage: text(),
  replicas: count(),
  initParameters: text("a JSON object, as a string"),
});

const PredictorSpecSchema = Type.Object({
  name: Type.String(),
  graph: PredictiveUnitSchema,
  componentSpecs: optional(Type.Array(SeldonPodSpecSchema)),
  replicas: count(),
  annotations: textMap(),
  engineResources: optional(embedded("ResourceRequirements")),
  labels: textMap(),
  svcOrchSpec: optional(SvcOrchSpecSchema),
  traffic: optional(int32({ description: "percent of the requests" })),
  explainer: optional(ExplainerSchema),
  shadow: truth(),
  ssl: optional(Type.Object({ certSecretName: text() })),
  progressDeadlineSeconds: count(),
});

const choice = <W extends string>(...words: readonly W[]) =>
  optional(Type.Enum(["", ...words], { type: "string" }));

export const SeldonDeploymentSpecSchema = Type.Object({
  name: text("deprecated: use metadata.name"),
  predictors: Type.Array(PredictorSpecSchema),
  oauth_key: text("accepted and unused"),
  oauth_secret: text("accepted and unused"),
  annotations: textMap(),
  protocol: choice("seldon", "tensorflow", "v2", "kfserving"),
  transport: choice("rest", "grpc"),
  replicas: count(),
  serverType: choice("rpc", "kafka"),
});

const ConditionSchema = Type.Object({
  type: Type.String(),
  status: Type.String(),
  lastTransitionTime: text(),
  message: text(),
  reason: text(),
  severity: text(),
  observedGeneration: optional(Type.Integer({ format: "int64" })),
});

const DeploymentStatusSchema = Type.Object({
  name: text(),
  status: text(),
  description: text(),
  replicas: count(),
  availableReplicas: count(),
  explainerFor: text(),
});

const ServiceStatusSchema = Type.Object({
  svcName: text(),
  httpEndpoint: text(),
  grpcEndpoint: text(),
  explainerFor: text(),
});

export const SeldonDeploymentStatusSchema = Type.Object({
  state: text("Available, Creating or Failed"),
  description: text(),
  deploymentStatus: optional(Type.Record(Type.String(), DeploymentStatusSchema)),
  serviceStatus: optional(Type.Record(Type.String(), ServiceStatusSchema)),
  replicas: count(),
  selector: text("of the Deployment that replicas counts"),
  address: optional(Type.Object({ url: text() })),
  conditions: optional(Type.Array(ConditionSchema)),
  observedGeneration: optional(Type.Integer({ format: "int64" })),
  annotations: textMap(),
});

export const SeldonDeploymentSchema = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: embedded("ObjectMeta"),
  spec: SeldonDeploymentSpecSchema,
  status: optional(SeldonDeploymentStatusSchema),
});
