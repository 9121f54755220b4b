import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Ingress, listenIngress } from "../../local/ingress.ts";
import type { Route, RouteState, Target } from "../../local/routes.ts";
import { makeUpstream } from "../../local/upstream.ts";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { defaultLimits, type Limits } from "../../runtime/limits.ts";

type Behaviour = (request: IncomingMessage, response: ServerResponse, body: string) => void;
type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
};

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});
const deadlines = makeDeadlines();

/** A predictor on loopback that answers its name unless told otherwise. */
const makePredictor = async (predictor: string, weightPercent = 100, behaviour?: Behaviour) => {
  const seen: Seen[] = [];
  const waiting: (() => void)[] = [];
  const server: Server = createServer((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk) => {
      body += chunk;
    });
    incoming.on("end", () => {
      seen.push({
        method: incoming.method ?? "",
        url: incoming.url ?? "",
        headers: incoming.headers,
        body,
      });
      for (const resolve of waiting.splice(0)) resolve();
      if (behaviour !== undefined) behaviour(incoming, response, body);
      else response.setHeader("Content-Type", "text/plain").end(predictor);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = makeUpstream({ http: port, grpc: port }, defaultLimits, deadlines);
  opened.push(() => {
    upstream.close();
    server.close();
    server.closeAllConnections();
  });
  const target: Target = { predictor, weightPercent, upstream, unavailable: () => undefined };
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { target, seen, next, server };
};

const routeOf = (name: string, state: RouteState): Route => ({
  namespace: "ns",
  name,
  state: () => state,
});
const ready = (targets: readonly Target[], shadow?: Target): RouteState => ({
  is: "ready",
  targets,
  shadow,
});

const start = async (
  routes: readonly Route[],
  over: { readonly random?: () => number; readonly limits?: Limits } = {},
): Promise<{ readonly ingress: Ingress; readonly url: string }> => {
  const ingress = await listenIngress({
    host: "127.0.0.1",
    port: 0,
    limits: over.limits ?? defaultLimits,
    deadlines,
    defaultNamespace: "default",
    routes: () => routes,
    random: over.random ?? (() => 0),
  });
  opened.push(() => ingress.close());
  return { ingress, url: `http://127.0.0.1:${ingress.port}` };
};

describe("listenIngress", () => {
  it("takes the prefix off and passes the rest on", async () => {
    const one = await makePredictor("one");
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const response = await fetch(`${url}/seldon/ns/d/api/v1.0/predictions?a=1`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Seldon-Puid": "p1" },
      body: '{"data":1}',
    });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "text/plain",
      "one",
    ]);
    expect(one.seen).toMatchObject([
      {
        method: "POST",
        url: "/api/v1.0/predictions?a=1",
        body: '{"data":1}',
        headers: {
          "content-type": "application/json",
          "content-length": "10",
          "seldon-puid": "p1",
          "x-forwarded-prefix": "/seldon/ns/d",
          "x-forwarded-proto": "http",
          host: url.slice("http://".length),
          "x-forwarded-host": url.slice("http://".length),
          "x-forwarded-for": "127.0.0.1",
        },
      },
    ]);
  });

  it.each([
    { name: "a POST without a body", method: "POST", want: { method: "POST", length: "0" } },
    { name: "a GET", method: "GET", want: { method: "GET", length: undefined } },
    { name: "a DELETE", method: "DELETE", want: { method: "DELETE", length: undefined } },
  ])("passes on $name", async ({ method, want }) => {
    const one = await makePredictor("one");
    const { url } = await start([routeOf("d", ready([one.target]))]);
    await fetch(`${url}/seldon/ns/d/x`, { method });
    expect(one.seen[0]?.method).toBe(want.method);
    expect(one.seen[0]?.headers["content-length"]).toBe(want.length);
  });

  it("answers HEAD with the headers of GET", async () => {
    const one = await makePredictor("one");
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const response = await fetch(`${url}/seldon/ns/d/x`, { method: "HEAD" });
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "3"]);
  });

  it("passes bytes of any kind through both ways", async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
    const echo = await makePredictor("echo", 100, (_request, response, body) =>
      response
        .setHeader("Content-Type", "application/octet-stream")
        .end(Buffer.from(body, "latin1")),
    );
    echo.server.prependListener("request", (incoming: IncomingMessage) =>
      incoming.setEncoding("latin1"),
    );
    const { url } = await start([routeOf("d", ready([echo.target]))]);
    const response = await fetch(`${url}/seldon/ns/d/x`, { method: "POST", body: bytes });
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("splits by weight", async () => {
    const a = await makePredictor("a", 75);
    const b = await makePredictor("b", 25);
    const draws = [0, 0.74, 0.75, 0.99];
    const { url } = await start([routeOf("d", ready([a.target, b.target]))], {
      random: () => draws.shift() ?? 0,
    });
    const answers: string[] = [];
    for (let i = 0; i < 4; i += 1) answers.push(await (await fetch(`${url}/seldon/d/x`)).text());
    expect(answers).toEqual(["a", "a", "b", "b"]);
  });

  it("sends the shadow a copy whose answer nobody waits for", async () => {
    const main = await makePredictor("main");
    const shadow = await makePredictor("shadow", 0, () => {}); // never answers
    const { url } = await start([routeOf("d", ready([main.target], shadow.target))]);
    const copied = shadow.next();
    const response = await fetch(`${url}/seldon/ns/d/x`, { method: "POST", body: "twice" });
    expect(await response.text()).toBe("main");
    await copied;
    expect(shadow.seen[0]).toMatchObject({ url: "/x", body: "twice" });
  });

  it("answers although the shadow is down", async () => {
    const main = await makePredictor("main");
    const shadow = await makePredictor("shadow");
    await new Promise((resolve) => shadow.server.close(resolve));
    const { url } = await start([routeOf("d", ready([main.target], shadow.target))]);
    expect(await (await fetch(`${url}/seldon/ns/d/x`)).text()).toBe("main");
  });

  it("names what exists when a path leads nowhere", async () => {
    const { url } = await start([routeOf("d", { is: "starting", waitingFor: ["x"] })]);
    const response = await fetch(`${url}/seldon/ns/e/api/v1.0/predictions`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: expect.stringContaining("/seldon/ns/e/"), deployments: ["/seldon/ns/d"] },
    ]);
  });

  it.each<{ name: string; state: RouteState; want: RegExp }>([
    {
      name: "starting",
      state: { is: "starting", waitingFor: ["container a", "the engine"] },
      want: /container a, the engine/,
    },
    { name: "failed", state: { is: "failed", reason: "it broke" }, want: /it broke/ },
    { name: "without predictors", state: ready([]), want: /no predictor/ },
  ])("answers 503 with the reason for a deployment that is $name", async ({ state, want }) => {
    const { url } = await start([routeOf("d", state)]);
    const response = await fetch(`${url}/seldon/ns/d/x`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await response.json()).toEqual({ error: expect.stringMatching(want) });
  });

  it.each([
    { name: "a client that accepts them", path: "/v2/models/m/infer", accept: "text/event-stream" },
    { name: "a path for streams", path: "/v2/models/m/infer_stream?x=1", accept: "*/*" },
  ])("passes events on as they come to $name", async ({ path, accept }) => {
    const responses: ServerResponse[] = [];
    const one = await makePredictor("one", 100, (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Seldon-Puid": "p" });
      response.flushHeaders();
      responses.push(response);
    });
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const answer = await fetch(`${url}/seldon/ns/d${path}`, {
      method: "POST",
      headers: { Accept: accept, "Content-Type": "application/json" },
      body: "{}",
    });
    const headers = [answer.headers.get("content-type"), answer.headers.get("seldon-puid")];
    expect(headers).toEqual(["text/event-stream", "p"]);
    expect(one.seen[0]).toMatchObject({ method: "POST", body: "{}", url: path });
    const events = answer.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
      responses[0]?.write(event);
      expect((await events?.next())?.value).toBe(event);
    }
    responses[0]?.end();
    expect((await events?.next())?.done).toBe(true);
    await one.target.upstream.idle();
  });

  it("cuts off events when the predictor breaks off", async () => {
    const responses: ServerResponse[] = [];
    const one = await makePredictor("one", 100, (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: 1\n\n");
      responses.push(response);
    });
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const answer = await fetch(`${url}/seldon/ns/d/x_stream`, { method: "POST" });
    responses[0]?.destroy();
    await expect(answer.text()).rejects.toThrow();
    await one.target.upstream.idle();
  });

  it("ends the events of a client that leaves", async () => {
    const closed: Promise<void>[] = [];
    const one = await makePredictor("one", 100, (incoming, response) => {
      closed.push(new Promise((resolve) => incoming.socket.on("close", () => resolve())));
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: 1\n\n");
    });
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const leave = new AbortController();
    const headers = { Accept: "text/event-stream" };
    await fetch(`${url}/seldon/ns/d/x`, { headers, signal: leave.signal });
    leave.abort();
    await Promise.all(closed);
    await one.target.upstream.idle();
  });

  it("answers 502 when a predictor that should stream cannot be reached", async () => {
    const one = await makePredictor("one");
    await new Promise((resolve) => one.server.close(resolve));
    const { url } = await start([routeOf("d", ready([one.target]))]);
    expect((await fetch(`${url}/seldon/ns/d/x_stream`, { method: "POST" })).status).toBe(502);
    await one.target.upstream.idle();
  });

  it("answers 503 when the chosen predictor is unavailable", async () => {
    const one = await makePredictor("one");
    const down = { ...one.target, unavailable: () => "its engine exited" };
    const { url } = await start([routeOf("d", ready([down]))]);
    const response = await fetch(`${url}/seldon/ns/d/x`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: expect.stringContaining("its engine exited") },
    ]);
  });

  it("answers 502 when the predictor breaks off in the middle of an answer", async () => {
    const one = await makePredictor("one", 100, (_request, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half", () => response.destroy());
    });
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const response = await fetch(`${url}/seldon/ns/d/x`);
    expect([response.status, await response.json()]).toEqual([502, { error: expect.any(String) }]);
  });

  it("answers 413 for a body beyond the limit", async () => {
    const one = await makePredictor("one");
    const { url } = await start([routeOf("d", ready([one.target]))], {
      limits: { ...defaultLimits, maxBodyBytes: 10 },
    });
    const response = await fetch(`${url}/seldon/ns/d/x`, { method: "POST", body: "x".repeat(11) });
    expect([response.status, await response.json()]).toEqual([413, { error: expect.any(String) }]);
    expect(one.seen).toEqual([]);
  });

  it("cancels the request of a client that leaves", async () => {
    const closed: Promise<void>[] = [];
    const one = await makePredictor("one", 100, (incoming) => {
      closed.push(new Promise((resolve) => incoming.socket.on("close", () => resolve())));
    });
    const { url } = await start([routeOf("d", ready([one.target]))]);
    const arrived = one.next();
    const client = request(`${url}/seldon/ns/d/x`);
    client.on("error", () => {});
    client.end();
    await arrived;
    client.destroy();
    await Promise.all(closed);
    await one.target.upstream.idle();
  });

  it("lets a request in work end when it drains", async () => {
    const held: ServerResponse[] = [];
    const one = await makePredictor("one", 100, (_request, response) => held.push(response));
    const { ingress, url } = await start([routeOf("d", ready([one.target]))]);
    const arrived = one.next();
    const response = fetch(`${url}/seldon/ns/d/x`);
    await arrived;
    const drained = ingress.drain();
    held[0]?.end("late");
    expect(await (await response).text()).toBe("late");
    await drained;
    await expect(fetch(url)).rejects.toThrow();
  });

  it("lists what runs, for people and for programs", async () => {
    const a = await makePredictor("a", 75);
    const b = await makePredictor("b", 25);
    const s = await makePredictor("s", 0);
    const { url } = await start([
      routeOf("long-name", ready([a.target, b.target], s.target)),
      routeOf("d", { is: "starting", waitingFor: ["the engine"] }),
      routeOf("e", { is: "failed", reason: "it broke" }),
    ]);
    expect(await (await fetch(url)).text()).toBe(
      "/seldon/ns/long-name  ready: a 75% b 25% s (shadow)\n" +
        "/seldon/ns/d          starting: waiting for the engine\n" +
        "/seldon/ns/e          failed: it broke\n",
    );
    const asJson = await fetch(url, { headers: { Accept: "application/json" } });
    expect(await asJson.json()).toMatchObject({
      deployments: [
        {
          path: "/seldon/ns/long-name",
          state: "ready",
          predictors: [
            { name: "a", traffic: 75 },
            { name: "b", traffic: 25 },
            { name: "s", shadow: true },
          ],
        },
        { state: "starting", waitingFor: ["the engine"] },
        { state: "failed", reason: "it broke" },
      ],
    });
  });
});
