/** Answers that stream through the engine: server-sent events over REST. */
import { once } from "node:events";
import { type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "./cleanup.ts";
import { at, type Engine, type EngineOptions, openEngine } from "./engine.ts";
import { kilobytes64, megabytes32, pour, settled, single, upTo } from "./flow.ts";
import { openRestHost, type RestHandler, type RestHost } from "./rest.ts";

const later = closeAfterEach();

const events = { "content-type": "text/event-stream" };
const eventOf = (index: number): string => `data: {"i":${index}}\n\n`;

/** Sends a request and resolves with the answer once its head is there. */
const ask = async (
  engine: Engine,
  path: string,
  accept = "text/event-stream",
): Promise<IncomingMessage> => {
  const headers = { accept, "content-type": "application/json" };
  const { httpPort: port } = engine;
  const request = openRequest({
    host: "127.0.0.1",
    port,
    path,
    method: "POST",
    headers,
    agent: false,
  });
  request.on("error", () => {});
  later(() => request.destroy());
  request.end('{"inputs":[]}');
  const [answer] = (await once(request, "response")) as [IncomingMessage]; // as node:http says
  answer.on("error", () => {});
  return answer;
};

/** Resolves also when the answer breaks off. */
const closeOf = (answer: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    answer.once("close", resolve);
  });

const textOf = async (answer: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const part of answer) text += part;
  return text;
};

/** Where a model streams, by what a client asks. */
const places = [
  { protocol: "seldon", asked: "/api/v1.0/predictions", called: "/predict" },
  { protocol: "v2", asked: "/v2/models/m/infer", called: "/v2/models/m/infer" },
  { protocol: "v2", asked: "/v2/models/m/infer_stream", called: "/v2/models/m/infer_stream" },
  { protocol: "v2", asked: "/v2/models/m/generate_stream", called: "/v2/models/m/generate_stream" },
  { protocol: "tensorflow", asked: "/v1/models/m:predict", called: "/v1/models/m:predict" },
];

const openModel = (path: string, handler: RestHandler): Promise<RestHost> =>
  openRestHost(later, { [path]: handler });

describe("server-sent events", () => {
  it.each(places)(
    "pass through $asked of $protocol as they come",
    async ({ protocol, asked, called }) => {
      let response: ServerResponse | undefined;
      const host = await openModel(called, (_seen, given) => {
        response = given;
        given.writeHead(200, events).write(eventOf(0));
        return undefined;
      });
      const engine = await openEngine(later, single(at(host)), { protocol });
      const answer = await ask(engine, asked);
      expect(answer.headers["content-type"]).toBe("text/event-stream");
      for (const i of upTo(3)) {
        if (i > 0) response?.write(eventOf(i));
        const [part] = (await once(answer, "data")) as [Buffer]; // without an encoding
        expect(part.toString()).toBe(eventOf(i));
      }
      response?.end(eventOf(3));
      expect(await textOf(answer)).toBe(eventOf(3));
      expect(answer.complete).toBe(true);
    },
  );

  const path = "/v2/models/m/infer_stream";
  const openV2 = async (handler: RestHandler, options: EngineOptions = {}) => {
    const host = await openModel(path, handler);
    return {
      host,
      engine: await openEngine(later, single(at(host)), { protocol: "v2", ...options }),
    };
  };

  it("are read no faster than the client reads them", async () => {
    let poured: ReturnType<typeof pour> | undefined;
    let response: ServerResponse | undefined;
    const { engine } = await openV2((_seen, given) => {
      response = given;
      given.writeHead(200, events);
      poured = pour(
        (message) => given.write(message),
        (resume) => given.once("drain", resume),
        kilobytes64,
      );
      return undefined;
    });
    const answer = await ask(engine, path);
    const held = await settled(() => poured?.count ?? 0);
    expect(held).toBeGreaterThan(0);
    expect(held * kilobytes64).toBeLessThan(megabytes32);
    if (poured !== undefined) poured.stopAt = held; // no more but what is on its way
    let size = 0;
    answer.on("data", (part: Buffer) => {
      size += part.length;
    });
    response?.once("drain", () => response?.end());
    await once(answer, "end");
    expect(size).toBe(held * kilobytes64);
  });

  it("end at the node when the client leaves", async () => {
    const { engine, host } = await openV2((_seen, given) => {
      given.writeHead(200, events).write(eventOf(0));
      return undefined;
    });
    const answer = await ask(engine, path);
    await once(answer, "data");
    answer.destroy();
    await host.seen[0]?.left;
  });

  it("are cut off at the client when the node breaks off", async () => {
    let response: ServerResponse | undefined;
    const { engine } = await openV2((_seen, given) => {
      response = given;
      given.writeHead(200, events).write(eventOf(0));
      return undefined;
    });
    const answer = await ask(engine, path);
    await once(answer, "data");
    const closed = closeOf(answer);
    response?.destroy();
    await closed;
    expect(answer.complete).toBe(false);
  });

  it("end with the deadline of the graph on both sides", async () => {
    const { engine, host } = await openV2(
      (_seen, given) => {
        given.writeHead(200, events).write(eventOf(0));
        return undefined;
      },
      { annotations: { "espalier.io/graph-timeout": "5000" } },
    );
    const answer = await ask(engine, path);
    answer.resume();
    await closeOf(answer);
    expect(answer.complete).toBe(false);
    await host.seen[0]?.left;
  });

  it("are refused through a graph of more nodes, and an answer to one that accepts them is whole", async () => {
    const host = await openRestHost(later, {
      "/v2/models/m/infer": () => ({ body: '{"outputs":[]}' }),
    });
    const graph = { ...single(at(host)), children: [single(at(host))] };
    const engine = await openEngine(later, graph, { protocol: "v2" });
    const refused = await ask(engine, path);
    expect(refused.statusCode).toBe(500);
    expect(JSON.parse(await textOf(refused))).toEqual({ error: expect.any(String) });
    expect(host.seen).toHaveLength(0);
    const answered = await ask(engine, "/v2/models/m/infer");
    expect(await textOf(answered)).toBe('{"outputs":[]}');
  });

  it("keep the status of a node that refuses", async () => {
    const { engine } = await openV2(() => ({ status: 422, body: '{"error":"no"}' }));
    const answer = await ask(engine, path);
    expect(answer.statusCode).toBe(422);
    expect(await textOf(answer)).toBe('{"error":"no"}');
  });
});
