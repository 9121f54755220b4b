import { describe, expect, it } from "@jest/globals";
import { decodePlan } from "../../api/plan.ts";
import { decode } from "../runtime/protocol/messages.ts";
import { messageOf, protoMessageOf } from "./bodies.ts";
import { answerBytes, cases } from "./cases.ts";
import { parseCpuList } from "./cpu.ts";
import { parseOptions } from "./options.ts";
import { nodePorts, planOf } from "./plans.ts";
import { layerTimes, selfTimes } from "./profile.ts";

describe("parseOptions", () => {
  it.each([
    { name: "nothing", argv: [], want: { rounds: 5, scale: 1 } },
    { name: "--rounds", argv: ["--rounds", "7"], want: { rounds: 7, scale: 1 } },
    { name: "--quick", argv: ["--quick"], want: { rounds: 2, scale: 0.1 } },
    { name: "both", argv: ["--quick", "--rounds=3"], want: { rounds: 3, scale: 0.1 } },
    { name: "files", argv: ["--json", "a", "--profile", "b"], want: { json: "a", profile: "b" } },
  ])("reads $name", ({ argv, want }) => {
    expect(parseOptions(argv)).toMatchObject({ kind: "run", options: want });
  });

  it("chooses cases by parts of their names", () => {
    const parsed = parseOptions(["--only", "chain,grpc-l,connections-1"]);
    const ids = parsed.kind === "run" ? parsed.options.cases.map(({ id }) => id) : [];
    expect(ids).toEqual(["grpc-large", "chain-small", "chain-both", "connections-1"]);
  });

  it("climbs the ladder with a small and a large request", () => {
    const parsed = parseOptions(["--ladder"]);
    const ids = parsed.kind === "run" ? parsed.options.cases.map(({ id }) => id) : [];
    expect(ids).toEqual(["one-small", "one-request"]);
  });

  it.each([
    { argv: [], want: ["nginx", "haproxy", "go", "go-bytes"] },
    { argv: ["--references", "go,nginx"], want: ["nginx", "go"] },
    { argv: ["--references", ""], want: [] },
  ])("takes the references of $argv", ({ argv, want }) => {
    const parsed = parseOptions(argv);
    expect(parsed.kind === "run" && parsed.options.references).toEqual(want);
  });

  it.each([
    { name: "no whole number of rounds", argv: ["--rounds", "1.5"] },
    { name: "too many rounds", argv: ["--rounds", "1000"] },
    { name: "a case that is not there", argv: ["--only", "soap"] },
    { name: "a reference that is not there", argv: ["--references", "go,envoy"] },
    { name: "an unknown flag", argv: ["--fast"] },
  ])("refuses $name", ({ argv }) => {
    expect(parseOptions(argv)).toMatchObject({ kind: "fault" });
  });
});

describe("messageOf", () => {
  it.each([66, 150, 200, 102_400])("makes a message of %d bytes", (bytes) => {
    const text = messageOf(bytes);
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(JSON.parse(text)).toHaveProperty("data.ndarray.0.0");
  });

  it("refuses what no message fits in", () => {
    expect(() => messageOf(10)).toThrow(RangeError);
  });
});

describe("protoMessageOf", () => {
  it.each([80, 135, 150, 200, 1024, 102_400])("makes a message of %d bytes", (bytes) => {
    const message = protoMessageOf(bytes);
    expect(message).toHaveLength(bytes);
    const read = decode("seldon.protos.SeldonMessage", message);
    expect(read).toHaveProperty("data.tensor.values.0", 0.12345);
  });

  it("refuses what no message fits in", () => {
    expect(() => protoMessageOf(10)).toThrow(RangeError);
  });
});

describe("planOf", () => {
  const stub = {
    rest: { small: [1, 2, 3, 4, 5], large: [11, 12, 13, 14, 15] },
    grpc: { small: [21, 22, 23, 24, 25], large: [31, 32, 33, 34, 35] },
  };

  it.each([
    { id: "one-small", want: [1] },
    { id: "one-both", want: [11] },
    { id: "chain-small", want: [1, 2, 3, 4, 5] },
    { id: "chain-both", want: [11, 12, 13, 14, 15] },
    { id: "grpc-small", want: [21] },
  ])("calls the nodes of $id at their ports", ({ id, want }) => {
    const one = cases.find((found) => found.id === id);
    if (one === undefined) throw new Error(`no case ${id}`);
    const plan = decodePlan(planOf(one, stub));
    const called: (number | undefined)[] = [];
    let unit = plan.ok ? plan.value.graph : undefined;
    for (; unit !== undefined; unit = unit.children[0]) {
      called.push(unit.endpoint?.httpPort ?? unit.endpoint?.grpcPort);
    }
    expect(called).toEqual(want);
    expect(nodePorts(one, stub)).toEqual(want);
  });

  it("calls nobody from a graph of built-in nodes", () => {
    const one = cases.find(({ id }) => id === "built-in-router");
    const plan = one === undefined ? undefined : decodePlan(planOf(one, stub));
    const graph = plan?.ok ? plan.value.graph : undefined;
    expect(graph?.implementation).toBe("RANDOM_ABTEST");
    expect(graph?.children.map(({ endpoint }) => endpoint)).toEqual([undefined, undefined]);
  });

  it("knows the sizes of all answers", () => {
    expect(Object.values(answerBytes)).toEqual([200, 102_400]);
  });
});

describe("parseCpuList", () => {
  it.each([
    { list: "0-2,5", want: [0, 1, 2, 5] },
    { list: "3", want: [3] },
    { list: "", want: [] },
  ])('reads "$list"', ({ list, want }) => {
    expect(parseCpuList(list)).toEqual(want);
  });
});

describe("selfTimes", () => {
  it("adds up the time of each function and leaves idle time out", () => {
    const frame = (functionName: string, url = "") => ({ functionName, url, lineNumber: 4 });
    const profile = {
      nodes: [
        { id: 1, callFrame: frame("(idle)") },
        { id: 2, callFrame: frame("read", "file:///x/runtime/client/connection.ts") },
        { id: 3, callFrame: frame("writev") },
      ],
      samples: [1, 2, 3, 3],
      timeDeltas: [1000, 100, 200, 100],
    };
    expect(selfTimes([profile])).toEqual([
      { name: "writev", micros: 300, share: 0.75 },
      { name: "read runtime/client/connection.ts:5", micros: 100, share: 0.25 },
    ]);
  });
});

describe("layerTimes", () => {
  it("adds up by room, by module of Node.js and by package", () => {
    const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0 });
    const frames = [
      frame("a", "file:///x/runtime/client/http.ts"),
      frame("b", "file:///x/runtime/client/stream.ts"),
      frame("c", "file:///x/runtime/graph.ts"),
      frame("d", "node:internal/streams/writable"),
      frame("e", "file:///x/node_modules/@grpc/grpc-js/build/src/server.js"),
      frame("writev", ""),
      frame("(garbage collector)", ""),
      frame("(idle)", ""),
    ];
    const profile = {
      nodes: frames.map((callFrame, id) => ({ id, callFrame })),
      samples: frames.map((_, id) => id),
      timeDeltas: frames.map((_, id) => 100 - id),
    };
    expect(layerTimes([profile]).map(({ name, micros }) => [name, micros])).toEqual([
      ["runtime/client", 199],
      ["runtime", 98],
      ["Node.js: node:internal/streams", 97],
      ["package @grpc/grpc-js", 96],
      ["native code: system calls and the like", 95],
      ["(garbage collector)", 94],
    ]);
  });
});
