/** The engine's plans for the cases. */
import { encodePlan, type PlanSource, type UnitSource } from "../../api/plan.ts";
import type { Case, Size } from "./cases.ts";
import type { FromStub } from "./messages.ts";

/** The ports of the model stub that a case's nodes are at, in the order of the calls. */
export const nodePorts = (
  { nodes, inner, answer, transport }: Case,
  stub: FromStub,
): readonly number[] =>
  Array.from({ length: nodes }, (_, i) => {
    const size: Size = i === nodes - 1 ? answer : inner;
    return stub[transport][size][i] ?? 0;
  });

/** One model, a transformer before a chain of models, or built-in nodes alone. */
export const planOf = (one: Case, stub: FromStub): string => {
  const ports = nodePorts(one, stub);
  const names = ports.map((_, i) => (i === 0 && ports.length > 1 ? "transformer" : `model-${i}`));
  const unit = (i: number): UnitSource => ({
    name: names[i] ?? "",
    type: names[i] === "transformer" ? "TRANSFORMER" : "MODEL",
    endpoint: {
      service_host: "127.0.0.1",
      service_port: ports[i],
      ...(one.transport === "rest" ? { httpPort: ports[i] } : { grpcPort: ports[i] }),
      type: one.transport === "rest" ? "REST" : "GRPC",
    },
    children: i + 1 < ports.length ? [unit(i + 1)] : [],
  });
  const predictor: PlanSource = {
    name: one.id,
    graph: one.builtIn === undefined ? unit(0) : builtInGraph(one.builtIn),
    componentSpecs: [
      { spec: { containers: names.map((name) => ({ name, image: "bench/stub:1" })) } },
    ],
  };
  return encodePlan(predictor);
};

const builtInGraph = (implementation: string): UnitSource => ({
  name: "root",
  implementation,
  parameters:
    implementation === "RANDOM_ABTEST" ? [{ name: "ratioA", value: "0.5", type: "FLOAT" }] : [],
  children: ["a", "b"].map((name) => ({ name, implementation: "SIMPLE_MODEL" })),
});
