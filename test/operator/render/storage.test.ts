import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../api/settings.ts";
import type { EnvVar } from "../../../api/types.ts";
import { version } from "../../../api/version.ts";
import type { AccountSecret, Facts } from "../../../operator/render/desired.ts";
import { noFacts } from "../../../operator/render/desired.ts";
import { credentialsOf } from "../../../operator/render/storage/credentials.ts";
import { manifestOf } from "./fixture.ts";
import { accountsWith, furnish, issuesOf, pathsOf, podOf, serverManifest } from "./furnish.ts";

/** A predictor of one container of the user's own, `m`, with a stored model. */
const ownModel = (unit: object = {}, container: object = {}, spec: object = {}): object =>
  manifestOf({
    graph: { name: "m", modelUri: "gs://models/m", ...unit },
    componentSpecs: [
      { spec: { containers: [{ name: "m", image: "I:1", ...container }], ...spec } },
    ],
  });

const initializerOf = (manifest: object, world = {}) => podOf(manifest, world).initContainers?.[0];

describe("withModel", () => {
  it("fetches a model before its container starts", () => {
    const pod = podOf(ownModel());
    expect(pod.initContainers).toEqual([
      {
        name: "m-model-initializer",
        image: `espalier/storage-initializer:${version}`,
        imagePullPolicy: "IfNotPresent",
        args: ["gs://models/m", "/mnt/models"],
        resources: {
          requests: { cpu: "100m", memory: "100Mi" },
          limits: { cpu: "1", memory: "1Gi" },
        },
        volumeMounts: [{ name: "m-provision-location", mountPath: "/mnt/models" }],
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    ]);
    expect(pod.volumes).toContainEqual({ name: "m-provision-location", emptyDir: {} });
    expect(pod.containers[0]?.volumeMounts).toContainEqual({
      name: "m-provision-location",
      mountPath: "/mnt/models",
      readOnly: true,
    });
  });

  it.each([
    { name: "a server", manifest: serverManifest("SKLEARN_SERVER", "seldon") },
    { name: "a user's container", manifest: ownModel() },
    {
      name: "a container of a built-in node",
      manifest: ownModel({ implementation: "SIMPLE_MODEL" }),
    },
  ])("fetches one model for $name", ({ manifest }) => {
    expect(podOf(manifest).initContainers?.map(({ name }) => name)).toEqual([
      "m-model-initializer",
    ]);
  });

  it.each([{ modelUri: "" }, { modelUri: undefined }])("fetches nothing from %o", (unit) => {
    const pod = podOf(ownModel(unit));
    expect(pod.initContainers).toBeUndefined();
    expect(pod.volumes?.map(({ name }) => name)).toEqual(["seldon-podinfo"]);
  });

  it("fetches each model of a pod into a volume of its own, in the order of the graph", () => {
    const child = { name: "n", modelUri: "s3://n", implementation: "SKLEARN_SERVER" };
    const pod = podOf(ownModel({ children: [child] }, {}, { initContainers: [{ name: "mine" }] }));
    expect(pod.initContainers?.map(({ name }) => name)).toEqual([
      "mine",
      "m-model-initializer",
      "n-model-initializer",
    ]);
    expect(pod.volumes?.map(({ name }) => name)).toEqual([
      "seldon-podinfo",
      "m-provision-location",
      "n-provision-location",
    ]);
  });

  it("cuts names to what Kubernetes takes", () => {
    const name = `${"a".repeat(44)}-bcd`;
    const graph = { name, implementation: "SKLEARN_SERVER", modelUri: "gs://m" };
    const pod = podOf(manifestOf({ graph }));
    expect(pod.initContainers?.[0]?.name).toBe(`${name}-model-initiali`);
    expect(pod.volumes?.at(-1)?.name).toBe(`${name}-provision-loca`);
  });

  it.each([
    {
      name: "the node's",
      unit: { storageInitializerImage: "node:1" },
      image: "cluster:1",
      want: "node:1",
    },
    { name: "the cluster's", unit: {}, image: "cluster:1", want: "cluster:1" },
    {
      name: "the stock one",
      unit: {},
      image: "",
      want: `espalier/storage-initializer:${version}`,
    },
  ])("runs $name image", ({ unit, image, want }) => {
    const storageInitializer = { ...defaultSettings.storageInitializer, image };
    const settings = { storageInitializer };
    expect(initializerOf(ownModel(unit), { settings })?.image).toBe(want);
  });

  it.each([
    { name: "neither", unit: {}, all: "", want: undefined },
    { name: "the node's", unit: { envSecretRefName: "own" }, all: "", want: "own" },
    { name: "the cluster's", unit: {}, all: "all", want: "all" },
    {
      name: "the node's before the cluster's",
      unit: { envSecretRefName: "own" },
      all: "all",
      want: "own",
    },
  ])("reads $name secret", ({ unit, all, want }) => {
    const settings = { defaultEnvSecretRefName: all };
    expect(initializerOf(ownModel(unit), { settings })?.envFrom).toEqual(
      want === undefined ? undefined : [{ secretRef: { name: want } }],
    );
  });

  it("names every quantity of the cluster that is none", () => {
    const storageInitializer = {
      ...defaultSettings.storageInitializer,
      cpuLimit: "much",
      memoryRequest: "",
    };
    const result = furnish(ownModel(), { settings: { storageInitializer } });
    expect(pathsOf(issuesOf(result))).toEqual([
      "settings.storageInitializer.cpuLimit",
      "settings.storageInitializer.memoryRequest",
    ]);
  });

  it("leaves a user's own init container of that name to its work", () => {
    const own = {
      name: "m-model-initializer",
      image: "fetch:1",
      volumeMounts: [{ name: "m-provision-location", mountPath: "/out" }],
    };
    const pod = podOf(ownModel({}, {}, { initContainers: [own] }));
    expect(pod.initContainers).toEqual([own]);
    expect(pod.volumes).toContainEqual({ name: "m-provision-location", emptyDir: {} });
    expect(pod.containers[0]?.volumeMounts).toContainEqual({
      name: "m-provision-location",
      mountPath: "/mnt/models",
      readOnly: true,
    });
  });

  it("takes a user's own volume and mount for the model", () => {
    const volume = { name: "m-provision-location", persistentVolumeClaim: { claimName: "c" } };
    const mount = { name: "m-provision-location", mountPath: "/models" };
    const pod = podOf(ownModel({}, { volumeMounts: [mount] }, { volumes: [volume] }));
    expect(pod.volumes?.filter(({ name }) => name === volume.name)).toEqual([volume]);
    expect(pod.containers[0]?.volumeMounts).toContainEqual(mount);
    expect(pod.containers[0]?.volumeMounts).toHaveLength(2);
  });

  it.each([
    { uri: "gs://m", mountPath: "/mnt/models" },
    { uri: "gs://m", mountPath: "/mnt/models/" },
    { uri: "pvc://claim/m", mountPath: "/mnt/pvc" },
  ])("refuses a model where something else is mounted: $mountPath", ({ uri, mountPath }) => {
    const container = { volumeMounts: [{ name: "other", mountPath }] };
    const result = furnish(
      ownModel({ modelUri: uri }, container, { volumes: [{ name: "other", emptyDir: {} }] }),
    );
    expect(pathsOf(issuesOf(result))).toEqual(["spec.predictors[0].graph.modelUri"]);
  });
});

describe("withModel, persistent volumes", () => {
  const claim = (claimName: string, name = "kfserving-pvc-source") => ({
    name,
    persistentVolumeClaim: { claimName },
  });
  const mount = { name: "kfserving-pvc-source", mountPath: "/mnt/pvc", readOnly: true };

  it.each([
    { uri: "pvc://claim/a/b", from: "/mnt/pvc/a/b" },
    { uri: "pvc://claim/", from: "/mnt/pvc/" },
    { uri: "pvc://claim", from: "/mnt/pvc/" },
  ])("copies $uri from the volume", ({ uri, from }) => {
    const pod = podOf(ownModel({ modelUri: uri }));
    expect(pod.initContainers?.[0]?.args).toEqual([from, "/mnt/models"]);
    expect(pod.volumes).toContainEqual(claim("claim"));
    expect(pod.initContainers?.[0]?.volumeMounts).toContainEqual(mount);
    expect(pod.containers[0]?.volumeMounts).toContainEqual(mount);
  });

  it("mounts each claim of a pod once, under a name of its own", () => {
    const children = ["pvc://one/n", "pvc://two/o"].map((modelUri, i) => ({
      name: `n${i}`,
      modelUri,
      implementation: "SKLEARN_SERVER",
    }));
    const pod = podOf(ownModel({ modelUri: "pvc://one/m", children }));
    expect(pod.volumes?.filter(({ persistentVolumeClaim }) => persistentVolumeClaim)).toEqual([
      claim("one"),
      claim("two", "kfserving-pvc-source-2"),
    ]);
    expect(pod.initContainers?.at(-1)?.volumeMounts).toContainEqual({
      ...mount,
      name: "kfserving-pvc-source-2",
    });
  });

  it.each(["pvc://", "pvc:///m", "pvc://Claim_1/m"])("refuses %s, which names no claim", (uri) => {
    const result = furnish(ownModel({ modelUri: uri }));
    expect(pathsOf(issuesOf(result))).toEqual(["spec.predictors[0].graph.modelUri"]);
  });
});

/** The environment as `NAME=value` lines, secrets as `NAME<-secret/key`. */
const told = (env: readonly EnvVar[] = []): readonly string[] =>
  env.map(({ name, value, valueFrom }) =>
    valueFrom?.secretKeyRef === undefined
      ? `${name}=${value}`
      : `${name}<-${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`,
  );

const s3 = (annotations: AccountSecret["annotations"] = {}, name = "store"): AccountSecret => ({
  name,
  keys: ["awsAccessKeyID", "awsSecretAccessKey"],
  annotations,
});
const gcs = (name: string): AccountSecret => ({
  name,
  keys: ["gcloud-application-credentials.json"],
  annotations: {},
});
const keys = [
  "AWS_ACCESS_KEY_ID<-store/awsAccessKeyID",
  "AWS_SECRET_ACCESS_KEY<-store/awsSecretAccessKey",
];

describe("credentialsOf", () => {
  const today = "machinelearning.seldon.io";
  const old = "serving.kubeflow.org";
  const { credentials } = defaultSettings;

  it.each([
    { name: "keys alone", annotations: {}, want: [] },
    {
      name: "an endpoint",
      annotations: { [`${today}/s3-endpoint`]: "s3.local" },
      want: ["S3_ENDPOINT=s3.local", "AWS_ENDPOINT_URL=https://s3.local"],
    },
    {
      name: "an endpoint without TLS",
      annotations: { [`${today}/s3-endpoint`]: "s3.local", [`${today}/s3-usehttps`]: "0" },
      want: ["S3_USE_HTTPS=0", "S3_ENDPOINT=s3.local", "AWS_ENDPOINT_URL=http://s3.local"],
    },
    {
      name: "an endpoint with TLS",
      annotations: { [`${old}/s3-endpoint`]: "s3.local", [`${today}/s3-usehttps`]: "1" },
      want: ["S3_USE_HTTPS=1", "S3_ENDPOINT=s3.local", "AWS_ENDPOINT_URL=https://s3.local"],
    },
    {
      name: "a region and the checking of certificates",
      annotations: { [`${old}/s3-region`]: "eu", [`${today}/s3-verifyssl`]: "0" },
      want: ["AWS_REGION=eu", "S3_VERIFY_SSL=0"],
    },
    {
      name: "the name of today before that of old",
      annotations: { [`${old}/s3-region`]: "old", [`${today}/s3-region`]: "new" },
      want: ["AWS_REGION=new"],
    },
    {
      name: "the cluster's endpoint",
      annotations: {},
      settings: { s3Endpoint: "all.local" },
      want: ["S3_ENDPOINT=all.local", "AWS_ENDPOINT_URL=https://all.local"],
    },
    {
      name: "the cluster's endpoint, which wants TLS",
      annotations: {},
      settings: { s3Endpoint: "all.local", s3UseHttps: "1" },
      want: ["S3_ENDPOINT=all.local", "AWS_ENDPOINT_URL=https://all.local"],
    },
    {
      name: "the cluster's endpoint without TLS",
      annotations: {},
      settings: { s3Endpoint: "all.local", s3UseHttps: "0" },
      want: ["S3_USE_HTTPS=0", "S3_ENDPOINT=all.local", "AWS_ENDPOINT_URL=http://all.local"],
    },
    {
      name: "the secret's endpoint before the cluster's",
      annotations: { [`${today}/s3-endpoint`]: "s3.local" },
      settings: { s3Endpoint: "all.local", s3UseHttps: "0" },
      want: ["S3_ENDPOINT=s3.local", "AWS_ENDPOINT_URL=https://s3.local"],
    },
  ])("tells S3 by $name", ({ annotations, settings = {}, want }) => {
    const facts = accountsWith("reader", s3(annotations));
    const found = credentialsOf("reader", facts, { ...credentials, ...settings });
    expect(told(found.env)).toEqual([...keys, ...want]);
    expect(found.keyFileSecret).toBeUndefined();
  });

  it("reads keys by the names that the cluster gives them", () => {
    const secret = { name: "store", keys: ["secret", "file"], annotations: {} };
    const names = { s3AccessKeyIdName: "id", s3SecretAccessKeyName: "secret" };
    const facts = accountsWith("reader", secret);
    expect(told(credentialsOf("reader", facts, { ...credentials, ...names }).env)).toEqual([
      "AWS_ACCESS_KEY_ID<-store/id",
      "AWS_SECRET_ACCESS_KEY<-store/secret",
    ]);
    const file = credentialsOf("reader", facts, { ...credentials, gcsCredentialFileName: "file" });
    expect(told(file.env)).toEqual(["GOOGLE_APPLICATION_CREDENTIALS=/var/secrets/file"]);
    expect(file.keyFileSecret).toBe("store");
  });

  it("lets the last of several secrets win, and passes over all others", () => {
    const facts = accountsWith(
      "reader",
      s3({}, "first"),
      gcs("g1"),
      { name: "else", keys: ["token"], annotations: {} },
      gcs("g2"),
      s3(),
    );
    const found = credentialsOf("reader", facts, credentials);
    expect(told(found.env)).toEqual([
      ...keys,
      "GOOGLE_APPLICATION_CREDENTIALS=/var/secrets/gcloud-application-credentials.json",
    ]);
    expect(found.keyFileSecret).toBe("g2");
  });

  it.each<{ name: string; account: string; facts: Facts }>([
    { name: "an account that is not there", account: "constructor", facts: noFacts },
    { name: "an account without secrets", account: "a", facts: { accounts: { a: [] } } },
  ])("opens nothing with $name", ({ account, facts }) => {
    expect(credentialsOf(account, facts, credentials)).toEqual({
      env: [],
      keyFileSecret: undefined,
    });
  });
});

describe("withModel, credentials", () => {
  it.each([
    {
      name: "the node's",
      unit: { serviceAccountName: "a" },
      spec: { serviceAccountName: "b" },
      account: "a",
    },
    { name: "the pod's", unit: {}, spec: { serviceAccountName: "b" }, account: "b" },
    { name: "the default", unit: {}, spec: {}, account: "default" },
  ])("opens the store with the secrets of $name account", ({ unit, spec, account }) => {
    const facts = accountsWith(account, s3());
    expect(told(initializerOf(ownModel(unit, {}, spec), { facts })?.env)).toEqual(keys);
  });

  it("mounts a key file of Google Cloud, where the initializer alone reads it", () => {
    const facts = accountsWith("default", gcs("g"));
    const pod = podOf(ownModel(), { facts });
    const mount = { name: "user-gcp-sa", mountPath: "/var/secrets/", readOnly: true };
    expect(pod.volumes).toContainEqual({ name: "user-gcp-sa", secret: { secretName: "g" } });
    expect(pod.initContainers?.[0]?.volumeMounts).toContainEqual(mount);
    expect(pod.containers[0]?.volumeMounts).not.toContainEqual(mount);
  });

  it("mounts the key files of two accounts side by side", () => {
    const facts = { accounts: { a: [gcs("ga")], default: [gcs("gd")] } };
    const children = ["n", "o"].map((name) => ({
      name,
      implementation: "SIMPLE_MODEL",
      modelUri: `gs://${name}`,
    }));
    const containers = ["m", "n", "o"].map((name) => ({ name, image: "I:1" }));
    const graph = { name: "m", modelUri: "gs://m", serviceAccountName: "a", children };
    const pod = podOf(manifestOf({ graph, componentSpecs: [{ spec: { containers } }] }), { facts });
    expect(pod.volumes?.filter(({ secret }) => secret)).toEqual([
      { name: "user-gcp-sa", secret: { secretName: "ga" } },
      { name: "user-gcp-sa-2", secret: { secretName: "gd" } },
    ]);
  });
});
