/** What is measured: how many nodes, how large the messages, how many requests. */
import { encodePlan, type PlanSource, type UnitSource } from "../../api/plan.ts";

export type Case = {
  readonly id: string;
  readonly title: string;
  /** Nodes called one after the other for one request. */
  readonly nodes: number;
  readonly requestBytes: number;
  /** What the last node, and so the graph, answers. */
  readonly answer: Size;
  /** What the nodes before it answer. */
  readonly inner: Size;
  /** Requests of one round at saturation: about a second of the engine's CPU time. */
  readonly requests: number;
  /** Requests a second at the fixed rate: a moderate load for the engine. */
  readonly perSecond: number;
};

export type Size = "small" | "large";

export const smallRequestBytes = 150;
export const largeBytes = 102_400;
export const answerBytes: Readonly<Record<Size, number>> = { small: 200, large: largeBytes };

/** Nodes of the longest graph: the stub listens on so many ports of each size. */
export const mostNodes = 5;

/** Requests in flight at saturation, and connections at the fixed rate. */
export const connections = 32;

export const cases: readonly Case[] = [
  {
    id: "one-small",
    title: "1 node, 150 B -> 200 B",
    nodes: 1,
    requestBytes: smallRequestBytes,
    answer: "small",
    inner: "small",
    requests: 20_000,
    perSecond: 2000,
  },
  {
    id: "one-request",
    title: "1 node, 100 kB -> 200 B",
    nodes: 1,
    requestBytes: largeBytes,
    answer: "small",
    inner: "small",
    requests: 8000,
    perSecond: 400,
  },
  {
    id: "one-both",
    title: "1 node, 100 kB -> 100 kB",
    nodes: 1,
    requestBytes: largeBytes,
    answer: "large",
    inner: "large",
    requests: 5000,
    perSecond: 300,
  },
  {
    id: "chain-small",
    title: "5 nodes, 150 B -> 200 B",
    nodes: mostNodes,
    requestBytes: smallRequestBytes,
    answer: "small",
    inner: "small",
    requests: 6000,
    perSecond: 500,
  },
  {
    id: "chain-request",
    title: "5 nodes, 100 kB -> 200 B",
    nodes: mostNodes,
    requestBytes: largeBytes,
    answer: "small",
    inner: "large",
    requests: 2000,
    perSecond: 150,
  },
  {
    id: "chain-both",
    title: "5 nodes, 100 kB -> 100 kB",
    nodes: mostNodes,
    requestBytes: largeBytes,
    answer: "large",
    inner: "large",
    requests: 1500,
    perSecond: 100,
  },
];

/** A message of protocol `seldon` of exactly so many bytes; the least is 66. */
export const messageOf = (bytes: number): string => {
  const before = '{"meta":{"tags":{"a":"b"}},"data":{"names":["x"],"ndarray":[[';
  const after = "]]}}";
  const number = "0.12345,";
  const room = bytes - before.length - after.length;
  if (room < 1)
    throw new RangeError(`a message has ${before.length + after.length + 1} bytes at least`);
  const whole = Math.floor((room - 1) / number.length);
  return before + number.repeat(whole) + "1".repeat(room - whole * number.length) + after;
};

/** The ports of the model stub that a case's nodes are at, in the order of the calls. */
export const nodePorts = (
  { nodes, inner, answer }: Case,
  stub: Readonly<Record<Size, readonly number[]>>,
): readonly number[] =>
  Array.from({ length: nodes }, (_, i) => stub[i === nodes - 1 ? answer : inner][i] ?? 0);

/** The engine's plan: one model, or a transformer before a chain of models. */
export const planOf = (one: Case, ports: readonly number[]): string => {
  const names = ports.map((_, i) => (i === 0 && ports.length > 1 ? "transformer" : `model-${i}`));
  const unit = (i: number): UnitSource => ({
    name: names[i] ?? "",
    type: names[i] === "transformer" ? "TRANSFORMER" : "MODEL",
    endpoint: {
      service_host: "127.0.0.1",
      service_port: ports[i],
      httpPort: ports[i],
      type: "REST",
    },
    children: i + 1 < ports.length ? [unit(i + 1)] : [],
  });
  const predictor: PlanSource = {
    name: one.id,
    graph: unit(0),
    componentSpecs: [
      { spec: { containers: names.map((name) => ({ name, image: "bench/stub:1" })) } },
    ],
  };
  return encodePlan(predictor);
};
