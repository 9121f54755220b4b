/** What is measured: which graph, how large the messages, how many requests. */

export type Transport = "rest" | "grpc";
export type Size = "small" | "large";

export type Case = {
  readonly id: string;
  readonly title: string;
  readonly transport: Transport;
  /** Nodes called one after the other for one request; none in a graph of built-in nodes. */
  readonly nodes: number;
  /** A graph of nodes that the engine has built in: the implementation of its root. */
  readonly builtIn?: "RANDOM_ABTEST" | "AVERAGE_COMBINER";
  readonly requestBytes: number;
  /** What the last node, and so the graph, answers. */
  readonly answer: Size;
  /** What the nodes before it answer. */
  readonly inner: Size;
  readonly connections: number;
  /** Requests under way on one connection. */
  readonly streams: number;
  /** Requests of one round at saturation: about a second of the engine's CPU time. */
  readonly requests: number;
  /** Requests a second at the fixed rate, a moderate load for the engine; 0 measures none. */
  readonly perSecond: number;
  /** The share of a CPU that the engine is brought to for the latencies under load; 0 for none. */
  readonly loadedShare: number;
};

export const smallRequestBytes = 150;
export const smallGrpcBytes = 135;
export const largeBytes = 102_400;
export const answerBytes: Readonly<Record<Size, number>> = { small: 200, large: largeBytes };

/** Nodes of the longest graph: the stub listens on so many ports of each size. */
export const mostNodes = 5;

/** Requests under way at saturation, and connections at the fixed rate, unless a case says otherwise. */
export const connections = 32;

const rest = {
  transport: "rest",
  nodes: 1,
  requestBytes: smallRequestBytes,
  answer: "small",
  inner: "small",
  connections,
  streams: 1,
  perSecond: 0,
  loadedShare: 0,
} as const satisfies Partial<Case>;

const grpc = {
  ...rest,
  transport: "grpc",
  requestBytes: smallGrpcBytes,
} as const satisfies Partial<Case>;

const hops: readonly Case[] = [
  {
    ...rest,
    id: "one-small",
    title: "REST, 1 node, 150 B -> 200 B",
    requests: 20_000,
    perSecond: 2000,
    loadedShare: 0.7,
  },
  {
    ...rest,
    id: "one-request",
    title: "REST, 1 node, 100 kB -> 200 B",
    requestBytes: largeBytes,
    requests: 8000,
    perSecond: 400,
  },
  {
    ...rest,
    id: "one-both",
    title: "REST, 1 node, 100 kB -> 100 kB",
    requestBytes: largeBytes,
    answer: "large",
    requests: 5000,
  },
  {
    ...grpc,
    id: "grpc-small",
    title: "gRPC, 135 B, 4 connections of 8 streams",
    connections: 4,
    streams: 8,
    requests: 20_000,
    perSecond: 1500,
  },
  {
    ...grpc,
    id: "grpc-single",
    title: "gRPC, 135 B, 32 connections of 1 stream",
    requests: 20_000,
  },
  {
    ...grpc,
    id: "grpc-large",
    title: "gRPC, 100 kB -> 200 B, 4 connections of 8 streams",
    requestBytes: largeBytes,
    connections: 4,
    streams: 8,
    requests: 5000,
  },
];

const graphs: readonly Case[] = [
  { ...rest, id: "two-small", title: "REST, 2 nodes, 150 B -> 200 B", nodes: 2, requests: 12_000 },
  {
    ...rest,
    id: "chain-small",
    title: "REST, 5 nodes, 150 B -> 200 B",
    nodes: mostNodes,
    requests: 6000,
    perSecond: 500,
  },
  {
    ...rest,
    id: "chain-both",
    title: "REST, 5 nodes, 100 kB -> 100 kB",
    nodes: mostNodes,
    requestBytes: largeBytes,
    answer: "large",
    inner: "large",
    requests: 1500,
  },
  {
    ...rest,
    id: "built-in-router",
    title: "REST, built-in A/B test of 2 built-in models",
    nodes: 0,
    builtIn: "RANDOM_ABTEST",
    requests: 20_000,
  },
  {
    ...rest,
    id: "built-in-combiner",
    title: "REST, built-in average of 2 built-in models",
    nodes: 0,
    builtIn: "AVERAGE_COMBINER",
    requests: 15_000,
  },
];

const bodies = [
  { name: "1 kB", bytes: 1024, requests: 15_000 },
  { name: "10 kB", bytes: 10_240, requests: 12_000 },
  { name: "1 MB", bytes: 1_048_576, requests: 800 },
].map(
  ({ name, bytes, requests }): Case => ({
    ...rest,
    id: `body-${name.replace(" ", "")}`,
    title: `REST, 1 node, ${name} -> 200 B`,
    requestBytes: bytes,
    requests,
  }),
);

const callers = [1, 8, 128].map(
  (count): Case => ({
    ...rest,
    id: `connections-${count}`,
    title: `REST, 1 node, 150 B, ${count} connection${count === 1 ? "" : "s"}`,
    connections: count,
    requests: count === 1 ? 5000 : 15_000,
  }),
);

export const cases: readonly Case[] = [...hops, ...graphs, ...bodies, ...callers];

export const largestRequestBytes = Math.max(...cases.map(({ requestBytes }) => requestBytes));

/** The path of a prediction. Source: engine contract, 2.1 and 4.1. */
export const paths: Readonly<Record<Transport, string>> = {
  rest: "/api/v1.0/predictions",
  grpc: "/seldon.protos.Seldon/Predict",
};
