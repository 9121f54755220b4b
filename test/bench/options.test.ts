import { describe, expect, it } from "@jest/globals";
import { decodePlan } from "../../api/plan.ts";
import { answerBytes, cases, messageOf, nodePorts, planOf } from "./cases.ts";
import { parseCpuList } from "./cpu.ts";
import { parseOptions } from "./options.ts";
import { selfTimes } from "./profile.ts";

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

  it("chooses cases by part of their name", () => {
    const parsed = parseOptions(["--only", "chain"]);
    const ids = parsed.kind === "run" ? parsed.options.cases.map(({ id }) => id) : [];
    expect(ids).toEqual(["chain-small", "chain-request", "chain-both"]);
  });

  it.each([
    { name: "no whole number of rounds", argv: ["--rounds", "1.5"] },
    { name: "too many rounds", argv: ["--rounds", "1000"] },
    { name: "a case that is not there", argv: ["--only", "grpc"] },
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

describe("planOf", () => {
  const stub = { small: [1, 2, 3, 4, 5], large: [11, 12, 13, 14, 15] };

  it.each([
    { id: "one-small", want: [1] },
    { id: "one-both", want: [11] },
    { id: "chain-small", want: [1, 2, 3, 4, 5] },
    { id: "chain-request", want: [11, 12, 13, 14, 5] },
  ])("calls the nodes of $id at their ports", ({ id, want }) => {
    const one = cases.find((found) => found.id === id);
    if (one === undefined) throw new Error(`no case ${id}`);
    const plan = decodePlan(planOf(one, nodePorts(one, stub)));
    const called: (number | undefined)[] = [];
    let unit = plan.ok ? plan.value.graph : undefined;
    for (; unit !== undefined; unit = unit.children[0]) called.push(unit.endpoint?.httpPort);
    expect(called).toEqual(want);
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
