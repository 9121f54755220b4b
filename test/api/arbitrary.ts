/** Good manifests of any shape, for properties. */
import fc from "fast-check";
import { builtIn, container, node, pod, server } from "./manifest.ts";

/** A graph of custom, built-in and prepackaged nodes with names of its own, and pods for it. */
const predictorArbitrary = fc
  .tuple(
    fc.array(fc.constantFrom("custom", "builtIn", "server", "serverWithContainer"), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.array(fc.nat({ max: 100 }), { minLength: 8, maxLength: 8 }),
    fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    fc.nat({ max: 3 }),
  )
  .map(([kinds, parents, pods, named, prefix]) => {
    const names = kinds.map((_, i) => `${"abcd"[prefix]}${i}`);
    const children = names.map((): object[] => []);
    const units = kinds.map((kind, i) => {
      const more = { children: children[i] };
      const name = names[i] ?? "";
      if (kind === "builtIn") return builtIn(name, more);
      return kind === "custom" ? node(name, more) : server(name, more);
    });
    units.slice(1).forEach((unit, i) => {
      children[(parents[i] ?? 0) % (i + 1)]?.push(unit);
    });
    const containers: object[][] = [[], [], []];
    kinds.forEach((kind, i) => {
      if (kind !== "custom" && kind !== "serverWithContainer") return;
      const ports = named[i] ? { ports: [{ name: "http", containerPort: 7000 + i }] } : {};
      containers[pods[i] ?? 0]?.push(container(names[i] ?? "", ports));
      if (named[7 - i]) containers[pods[i] ?? 0]?.push(container(`side${prefix}${i}`));
    });
    return {
      name: `p${prefix}`,
      graph: units[0],
      componentSpecs: containers.map((list) => pod(...(list as { name: string }[]))),
    };
  });

export const manifestArbitrary = fc
  .record({
    predictors: fc.uniqueArray(predictorArbitrary, {
      minLength: 1,
      maxLength: 3,
      selector: ({ name }) => name,
    }),
    protocol: fc.constantFrom(undefined, "seldon", "v2", "kfserving"),
    transport: fc.constantFrom(undefined, "rest", "grpc"),
    separate: fc.boolean(),
  })
  .map(({ predictors, protocol, transport, separate }) => ({
    apiVersion: "machinelearning.seldon.io/v1",
    kind: "SeldonDeployment",
    metadata: { name: "m" },
    spec: {
      ...(protocol === undefined ? {} : { protocol }),
      ...(transport === undefined ? {} : { transport }),
      ...(separate ? { annotations: { "seldon.io/engine-separate-pod": "true" } } : {}),
      predictors: predictors.map((predictor, i) => ({ ...predictor, traffic: i === 0 ? 100 : 0 })),
    },
  }));
