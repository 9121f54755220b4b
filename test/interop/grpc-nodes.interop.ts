/** grpc-go, grpcio and grpc-js as containers behind the engine. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { makeProcesses } from "../peers/support/processes.ts";
import { predictRpc, startBefore } from "./support/engine.ts";
import { jsPeer, type UnaryAsk } from "./support/grpc-clients.ts";
import { type GrpcNode, languages, startNode } from "./support/grpc-nodes.ts";
import { numbered, textMessage, textOf } from "./typescript/messages.ts";

const later = closeAfterAll();
const processes = makeProcesses();
afterAll(() => processes.stopAll());

const unlimited = 64 * 1024 * 1024;
/** A call has long reached the container by then, on any machine. */
const arrivesMs = 2_000;
/** No call takes as long. */
const callMs = 100_000;
const body = textMessage("hællo");

describe.each(languages.map((language) => ({ language })))(
  "a container in $language",
  ({ language }) => {
    let node: GrpcNode;
    let address: string;
    const target = () => ({ address, maxReceiveBytes: unlimited });
    const ask = (more: Partial<UnaryAsk> = {}) =>
      jsPeer.unary({ target: target(), method: predictRpc, body, timeoutMs: callMs, ...more });
    const many = (count: number, parallel: number, more: object = {}) =>
      jsPeer.many({
        target: target(),
        method: predictRpc,
        timeoutMs: callMs,
        ...{ count, parallel, bytes: 100 },
        ...more,
      });
    const all = (count: number) => ({ right: count, wrong: 0, codes: {} });

    beforeAll(async () => {
      node = await startNode(processes, language);
      const { engine } = await startBefore(later, { http: node.port, grpc: node.port });
      address = engine.grpc;
    });

    it("answers", async () => {
      expect(await ask()).toMatchObject({ code: 0, body });
    });

    it("gets the metadata of the call, text and bytes, and none of gRPC's own twice", async () => {
      const raw = Buffer.from([0, 1, 254, 255]).toString("base64");
      const metadata = {
        do: ["metadata"],
        "x-text": ["a"],
        "x-raw-bin": [raw],
        "x-two": ["1", "2"],
      };
      const answer = await ask({ metadata });
      const arrived = JSON.parse(textOf(answer.body));
      expect(arrived).toMatchObject({ "x-text": ["a"], "x-raw-bin": [raw] });
      expect(arrived["x-two"].join(", ")).toBe("1, 2");
      expect(arrived["seldon-puid"]).toEqual(answer.initial["seldon-puid"]);
      expect(arrived["content-type"] ?? ["application/grpc"]).toEqual([
        expect.stringMatching(/^application\/grpc/),
      ]);
    });

    it.each([
      { code: 3, details: "not like that" },
      { code: 5, details: "" },
      { code: 13, details: "ümlaut, 100% and more" },
      { code: 14, details: "not now" },
    ])("has its error $code passed on with its details", async ({ code, details }) => {
      const metadata = { do: [`fail:${code}:${encodeURIComponent(details)}`] };
      const answer = await ask({ metadata });
      expect(answer).toMatchObject({ code, details });
      expect(answer.rich.toString("latin1")).toContain("rich");
    });

    it("hears of the client's deadline, and of no other", async () => {
      const does = { metadata: { do: ["deadline"] } };
      const left = Number(textOf((await ask({ ...does, timeoutMs: 20_000 })).body));
      expect(left).toBeGreaterThan(10_000);
      expect(left).toBeLessThanOrEqual(20_000);
      const { timeoutMs: _, ...endless } = { ...does, timeoutMs: 0 };
      const none = await jsPeer.unary({ target: target(), method: predictRpc, body, ...endless });
      expect(textOf(none.body)).toBe("none");
    });

    it.each([
      { name: "cancels", more: { cancelAfterMs: arrivesMs }, code: 1 },
      { name: "waits no longer", more: { timeoutMs: arrivesMs }, code: 4 },
    ])("hears that the client $name", async ({ more, code }) => {
      const id = `${language}-${code}`;
      const gone = node.process.line(new RegExp(`^gone ${id} `));
      const answer = await ask({ metadata: { do: ["hang"], "seldon-puid": [id] }, ...more });
      expect(answer.code).toBe(code);
      expect(await gone).toMatch(/^gone/);
    });

    it("takes nearly 4 MB, answers more, and has its own limit told", async () => {
      const large = textMessage(numbered(1, 4_194_304 - 100));
      const answer = await ask({ body: large });
      expect({ code: answer.code, right: answer.body.equals(large) }).toEqual({
        code: 0,
        right: true,
      });
      const huge = await ask({ metadata: { do: ["size:20000000"] } });
      expect({ code: huge.code, bytes: textOf(huge.body).length }).toEqual({
        code: 0,
        bytes: 20_000_000,
      });
      const refused = await ask({ body: textMessage("a".repeat(4_194_305)) });
      expect(refused.code).toBe(8);
      expect(await ask()).toMatchObject({ code: 0, body });
    });

    const answersCompressed = async () => {
      const large = textMessage(numbered(2, 1_000_000));
      for (const one of [body, large]) {
        const answer = await ask({ body: one, metadata: { do: ["gzip"] } });
        expect({ code: answer.code, right: answer.body.equals(one) }).toEqual({
          code: 0,
          right: true,
        });
      }
    };
    // grpc-js compresses as a client alone.
    if (language !== "JavaScript") it("answers compressed, and is understood", answersCompressed);

    it("has 1000 calls at once", async () => {
      const metadata = { do: ["gather:1000"] };
      expect(await many(1000, 1000, { metadata })).toEqual(all(1000));
      expect(await many(3000, 200)).toEqual(all(3000));
    });

    it("answers each of many large ones with its own", async () => {
      expect(await many(200, 20, { bytes: 100_000 })).toEqual(all(200));
    });

    it("loses no call though it sends connections away again and again", async () => {
      const aging = await startNode(processes, language, { ageMs: 100 });
      const { engine } = await startBefore(later, { http: aging.port, grpc: aging.port });
      const answer = await many(2000, 16, { target: { address: engine.grpc } });
      expect(answer).toEqual(all(2000));
      await engine.process.stop();
      await aging.process.stop();
    });

    it("is found again after it was gone", async () => {
      const own = await startNode(processes, language);
      const ports = { http: own.port, grpc: own.port };
      const { engine } = await startBefore(later, ports);
      const once = () => ask({ target: { address: engine.grpc } });
      expect((await once()).code).toBe(0);
      await own.process.stop();
      expect((await once()).code).toBe(14);
      await startNode(processes, language, { port: own.port });
      while ((await once()).code !== 0); // the limit of a test ends it
      await engine.process.stop();
    });
  },
);
