/** Manifests to vary in tests: the smallest good one, and its parts. */

type Fields = { readonly [key: string]: unknown };

export const container = (name: string, more: Fields = {}): Fields => ({
  name,
  image: `example/${name}:1`,
  ...more,
});

export const pod = (...containers: readonly Fields[]): Fields => ({ spec: { containers } });

export const node = (name: string, more: Fields = {}): Fields => ({ name, ...more });

export const builtIn = (name: string, more: Fields = {}): Fields => ({
  name,
  implementation: "SIMPLE_MODEL",
  ...more,
});

export const server = (name: string, more: Fields = {}): Fields => ({
  name,
  implementation: "SKLEARN_SERVER",
  modelUri: "gs://models/iris",
  ...more,
});

/** A predictor of one model in one container. */
export const predictor = (more: Fields = {}): Fields => ({
  name: "default",
  graph: node("model"),
  componentSpecs: [pod(container("model"))],
  ...more,
});

export const manifest = (spec: Fields = {}, metadata: Fields = {}): Fields => ({
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  metadata: { name: "mymodel", namespace: "ns1", ...metadata },
  spec: { predictors: [predictor()], ...spec },
});

/** A manifest with one predictor, varied. */
export const withPredictor = (more: Fields, spec: Fields = {}): Fields =>
  manifest({ ...spec, predictors: [predictor(more)] });
