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
import { maxPredictorName, maxPredictors, predictorRules, specRules } from "./crd/rules.ts";
import type { Kubernetes, KubernetesKind } from "./kubernetes/fields.ts";

export const group = "machinelearning.seldon.io";
export const kind = "SeldonDeployment";
export const versions = ["v1", "v1alpha2", "v1alpha3"] as const;

/** Levels of `children` below a root; Source: operator contract, 1.1. */
export const maxChildLevels = 10;

/** The key under which a schema node names the row of `kubernetes/` that describes it. */
export const embeds = "x-espalier-embeds";

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const described = (description?: string): TSchemaOptions =>
  description === undefined ? {} : { description };
const text = (description?: string) => optional(Type.String(described(description)));
const truth = (description?: string) => optional(Type.Boolean(described(description)));
const int32 = (options: TSchemaOptions = {}) => Type.Integer({ format: "int32", ...options });
const count = (description?: string) => optional(int32({ minimum: 0, ...described(description) }));
const textMap = (description?: string) =>
  optional(Type.Record(Type.String(), Type.String(), described(description)));

const embedded = <K extends KubernetesKind>(name: K, description?: string) =>
  Type.Unsafe<Kubernetes<K>>({
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    ...described(description),
    [embeds]: name,
  });

const intOrText = () =>
  optional(Type.Unsafe<string | number>({ "x-kubernetes-int-or-string": true }));

const EndpointSchema = Type.Object({
  service_host: text("given by the operator to nodes with a container"),
  service_port: optional(int32(described("given by the operator to nodes with a container"))),
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
  url: text("where payloads are sent; the operator's default if not given"),
  mode: text("all, request or response"),
});

export const PredictiveUnitSchema = Type.Cyclic(
  {
    PredictiveUnit: Type.Object(
      {
        name: Type.String({ description: "a container's name, unless implementation is given" }),
        children: optional(
          Type.Array(Type.Ref("PredictiveUnit"), {
            description: `the nodes below, at most ${maxChildLevels} levels deep`,
          }),
        ),
        type: text("MODEL, ROUTER, COMBINER, TRANSFORMER or OUTPUT_TRANSFORMER"),
        implementation: text("a built-in node, or a key of the prepackaged servers"),
        methods: optional(
          Type.Array(Type.String(), {
            description: "TRANSFORM_INPUT, TRANSFORM_OUTPUT, ROUTE, AGGREGATE or SEND_FEEDBACK",
          }),
        ),
        endpoint: optional(EndpointSchema),
        parameters: optional(
          Type.Array(ParameterSchema, { description: "what the node is told at start" }),
        ),
        modelUri: text("where the model is stored; it is loaded into /mnt/models"),
        serviceAccountName: text("whose credentials load the model"),
        envSecretRefName: text("a Secret that becomes the environment of the loading container"),
        storageInitializerImage: text("loads the model in place of the default image"),
        logger: optional(LoggerSchema),
      },
      described("a node, with the nodes below it: the root sees a request first"),
    ),
  },
  "PredictiveUnit",
);

const HpaSpecSchema = Type.Object(
  {
    minReplicas: count(),
    maxReplicas: int32({ minimum: 1 }),
    metrics: optional(
      Type.Array(embedded("MetricSpecV2Beta1"), {
        description: "in the retired form of autoscaling/v2beta1; takes the place of metricsv2",
      }),
    ),
    metricsv2: optional(
      Type.Array(embedded("MetricSpec"), { description: "in the form of autoscaling/v2" }),
    ),
  },
  described("scales the pods with a HorizontalPodAutoscaler"),
);

const KedaTriggerSchema = Type.Object({
  type: Type.String(),
  name: text(),
  metadata: Type.Record(Type.String(), Type.String()),
  authenticationRef: optional(Type.Object({ name: Type.String(), kind: text() })),
  metricType: text(),
});

const KedaSpecSchema = Type.Object(
  {
    pollingInterval: count("seconds"),
    cooldownPeriod: count("seconds"),
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
  },
  described("scales the pods with a KEDA ScaledObject"),
);

const SeldonPodSpecSchema = Type.Object({
  metadata: optional(
    embedded("ObjectMeta", "name, labels and annotations of the Deployment; all else is not read"),
  ),
  spec: optional(embedded("PodSpec", "a PodSpec of Kubernetes")),
  hpaSpec: optional(HpaSpecSchema),
  kedaSpec: optional(KedaSpecSchema),
  pdbSpec: optional(
    Type.Object(
      { minAvailable: intOrText(), maxUnavailable: intOrText() },
      described("protects the pods with a PodDisruptionBudget; give one of the two"),
    ),
  ),
  replicas: count("of these pods, before the predictor's and the deployment's"),
});

const SvcOrchSpecSchema = Type.Object(
  {
    resources: optional(embedded("ResourceRequirements")),
    env: optional(Type.Array(embedded("EnvVar"))),
    replicas: count("of an engine in a pod of its own"),
  },
  described("the engine of this predictor"),
);

const ExplainerSchema = Type.Object(
  {
    type: text("such as AnchorTabular or KernelShap; without a type there is no explainer"),
    modelUri: text("where the explainer is stored"),
    serviceAccountName: text(),
    containerSpec: optional(embedded("Container", "a Container of Kubernetes")),
    config: textMap("flags of the explainer's command line"),
    endpoint: optional(EndpointSchema),
    envSecretRefName: text(),
    storageInitializerImage: text(),
    replicas: count(),
    initParameters: text("a JSON object, as a string"),
  },
  described("explains answers, in a Deployment of its own"),
);

const PredictorSpecSchema = Type.Object(
  {
    name: Type.String({
      description: "unique within the deployment",
      maxLength: maxPredictorName,
    }),
    graph: PredictiveUnitSchema,
    componentSpecs: optional(
      Type.Array(SeldonPodSpecSchema, { description: "the pods, one Deployment for each item" }),
    ),
    replicas: count("of the pods of this predictor, before the deployment's"),
    annotations: textMap("of its Deployments, pods and Services"),
    engineResources: optional(embedded("ResourceRequirements", "accepted and unused")),
    labels: textMap("of its Deployments and pods"),
    svcOrchSpec: optional(SvcOrchSpecSchema),
    traffic: optional(int32({ description: "percent of the requests" })),
    explainer: optional(ExplainerSchema),
    shadow: truth("gets a copy of the requests; its answers are thrown away"),
    ssl: optional(
      Type.Object(
        { certSecretName: text("a Secret with tls.crt and tls.key") },
        described("TLS on the engine's ports"),
      ),
    ),
    progressDeadlineSeconds: count("of its Deployments"),
  },
  { "x-kubernetes-validations": predictorRules },
);

const choice = <W extends string>(description: string, ...words: readonly W[]) =>
  optional(Type.Enum(["", ...words], { type: "string", description }));

export const SeldonDeploymentSpecSchema = Type.Object(
  {
    name: text("deprecated: use metadata.name"),
    predictors: Type.Array(PredictorSpecSchema, {
      description: "graphs that share the requests; a canary or a shadow is a predictor of its own",
      maxItems: maxPredictors,
    }),
    oauth_key: text("accepted and unused"),
    oauth_secret: text("accepted and unused"),
    annotations: textMap("settings (seldon.io/...), and annotations of all Deployments and pods"),
    protocol: choice(
      "of requests and answers; seldon if not given, kfserving means v2",
      ...(["seldon", "tensorflow", "v2", "kfserving"] as const),
    ),
    transport: choice("between engine and nodes; rest if not given", "rest", "grpc"),
    replicas: count("of all pods that do not say otherwise"),
    serverType: choice("rpc if not given", "rpc", "kafka"),
  },
  { "x-kubernetes-validations": specRules },
);

const ConditionSchema = Type.Object({
  type: Type.String(),
  status: Type.String({ description: "True, False or Unknown" }),
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
  explainerFor: text("the predictor service whose explainer this is"),
});

export const SeldonDeploymentStatusSchema = Type.Object({
  state: text("Available, Creating or Failed"),
  description: text("why the state is Failed"),
  deploymentStatus: optional(
    Type.Record(Type.String(), DeploymentStatusSchema, described("by name of the Deployment")),
  ),
  serviceStatus: optional(
    Type.Record(Type.String(), ServiceStatusSchema, described("by name of the Service")),
  ),
  replicas: count("of the first predictor's first Deployment"),
  selector: text("of the Deployment that replicas counts"),
  address: optional(Type.Object({ url: text("of the first predictor, inside the cluster") })),
  conditions: optional(
    Type.Array(ConditionSchema, {
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    }),
  ),
  observedGeneration: optional(
    Type.Integer({ format: "int64", description: "of the spec that this status is about" }),
  ),
  annotations: textMap(),
});

export const SeldonDeploymentSchema = Type.Object(
  {
    apiVersion: Type.String(),
    kind: Type.String(),
    metadata: embedded("ObjectMeta"),
    spec: SeldonDeploymentSpecSchema,
    status: optional(SeldonDeploymentStatusSchema),
  },
  described("Machine-learning models served as inference graphs."),
);
