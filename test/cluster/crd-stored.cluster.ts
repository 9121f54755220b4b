/**
 * Objects that were stored when no webhook looked, under v1's CRD, which had no rules: ours must
 * let them be observed, released and mended. Source: design 5.1.2.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { crd, type StructuralSchema } from "../../api/crd.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Given } from "./support/api.ts";
import type { ApiError } from "./support/api-error.ts";
import type { Cluster } from "./support/cluster.ts";
import { installCrds, removeCrds } from "./support/crds.ts";
import { sharedCluster } from "./support/shared.ts";

/** A group of this test's own: others use the real one. */
const group = "stored.espalier.test";
const apiVersion = `${group}/v1`;
const kind = "SeldonDeployment";

type Fields = { readonly [field: string]: unknown };

const ours = (): KubernetesObject => {
  const { spec, ...rest } = crd();
  return { ...rest, metadata: { name: `seldondeployments.${group}` }, spec: { ...spec, group } };
};

/** As v1's: without rules, enums and bounds. */
const loosened = ({
  "x-kubernetes-validations": _rules,
  enum: _words,
  maxLength: _length,
  maxItems: _items,
  ...schema
}: StructuralSchema): StructuralSchema => ({
  ...schema,
  ...(schema.properties && { properties: mapValues(schema.properties, loosened) }),
  ...(schema.items && { items: loosened(schema.items) }),
});

const mapValues = <T>(fields: { readonly [name: string]: T }, change: (value: T) => T) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value)]));

const loose = (): KubernetesObject => {
  const { spec } = crd();
  const versions = spec.versions.map((version) => ({
    ...version,
    schema: { openAPIV3Schema: loosened(version.schema.openAPIV3Schema) },
  }));
  return { ...ours(), spec: { ...spec, group, versions } };
};

const predictor = (name: string, more: Fields = {}): Fields => ({
  name,
  graph: { name: "node", implementation: "SIMPLE_MODEL" },
  ...more,
});

const good = [predictor("good")];

/** What is stored, the field that is at fault, and the change that mends it. */
const stored: readonly {
  readonly name: string;
  readonly spec: Fields | undefined;
  readonly fault: string | undefined;
  readonly mended: Fields;
}[] = [
  { name: "no-spec", spec: undefined, fault: undefined, mended: { predictors: good } },
  {
    name: "no-predictor",
    spec: { predictors: [] },
    fault: "spec.predictors",
    mended: { predictors: good },
  },
  {
    name: "namesakes",
    spec: { predictors: [predictor("a", { traffic: 50 }), predictor("a", { traffic: 50 })] },
    fault: "spec.predictors",
    mended: { predictors: good },
  },
  {
    name: "shadow",
    spec: { predictors: [predictor("a", { shadow: true, traffic: 900 })] },
    fault: "spec.predictors[0].traffic",
    mended: { predictors: good },
  },
  {
    name: "traffic",
    spec: { predictors: [predictor("a", { traffic: 50 }), predictor("b", { traffic: 20 })] },
    fault: "spec.predictors",
    mended: { predictors: good },
  },
  {
    name: "words",
    spec: { predictors: good, protocol: "v3", transport: "both" },
    fault: undefined, // an unchanged word is not judged again
    mended: { protocol: "v2", transport: "rest" },
  },
  {
    name: "long",
    spec: { predictors: [predictor("a".repeat(300))] },
    fault: "spec.predictors[0].name",
    mended: { predictors: good },
  },
];

describe("what was stored under v1's CRD", () => {
  let cluster: Cluster;
  let namespace: string;
  const target = (name: string) => ({ apiVersion, kind, namespace, name });
  const status = {
    state: "Failed",
    description: "cannot be",
    conditions: [{ type: "Ready", status: "False" }],
    observedGeneration: 1,
  };

  beforeAll(async () => {
    cluster = sharedCluster();
    namespace = await cluster.namespace();
    await installCrds(cluster.api, [loose()]);
    for (const { name, spec } of stored) {
      const metadata = { name, namespace, finalizers: ["stored.espalier.test/keep"] };
      const object: Given = { apiVersion, kind, metadata, ...(spec && { spec }) };
      await cluster.api.create(object, { fieldValidation: "Strict" });
    }
    const applied = await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(ours()) });
    expect(applied.code).toBe(0);
    await untilHeld();
  });
  afterAll(async () => {
    for (const { name } of stored) {
      await cluster.api.patch(target(name), { metadata: { finalizers: [] } });
    }
    await removeCrds(cluster.api, [ours()]);
    cluster.close();
  });

  /** Resolves when the API server holds new objects to the rules. */
  const untilHeld = async (): Promise<void> => {
    const bad = {
      apiVersion,
      kind,
      metadata: { name: "bad", namespace },
      spec: { predictors: [] },
    };
    const deadline = Date.now() + 120_000;
    while (Date.now() < deadline) {
      const taken = await cluster.api.create(bad, { dryRun: true }).then(
        () => true,
        () => false,
      );
      if (!taken) return;
    }
    throw new Error("the API server does not hold to the rules");
  };

  it.each(stored)("$name is observed", async ({ name }) => {
    const observed = await cluster.api.patch(target(name), { status }, { subresource: "status" });
    expect(observed["status"]).toEqual(status);
    const next = { ...status, observedGeneration: 2 };
    const whole = await cluster.api.replace(
      { ...observed, metadata: { ...observed.metadata }, status: next },
      { subresource: "status" },
    );
    expect(whole["status"]).toEqual(next);
  });

  it.each(stored)("$name can be labelled", async ({ name }) => {
    const metadata = { labels: { seen: "yes" }, annotations: { seen: "yes" } };
    const labelled = await cluster.api.patch(target(name), { metadata });
    expect(labelled.metadata).toMatchObject(metadata);
  });

  it.each(stored.filter(({ fault }) => fault !== undefined))(
    "$name is told of its fault when its predictors change",
    async ({ name, fault, spec }) => {
      const [first, ...others] = (spec?.["predictors"] ?? []) as readonly Fields[]; // as: above
      const annotations = { changed: "yes" };
      const predictors = first === undefined ? [] : [{ ...first, annotations }, ...others];
      const asked = cluster.api.patch(target(name), { spec: { predictors, annotations } });
      const refused: ApiError = await asked.then(
        () => expect("accepted").toBe("refused"),
        (error) => error,
      );
      expect(refused.causes?.map(({ field }) => field)).toContain(fault);
    },
  );

  it.each(stored)("$name can be mended", async ({ name, mended }) => {
    const { spec } = await cluster.api.patch(target(name), { spec: mended });
    expect(spec).toMatchObject(mended);
  });
});
