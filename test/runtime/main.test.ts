import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "@jest/globals";
import { encodePlan, type UnitSource } from "../../api/plan.ts";
import { type EngineProcess, startEngine } from "../../runtime/main.ts";
import { type Container, type Script, startContainer } from "./container.ts";
import { deafPort, dial, freePort, rawHost, type Talk } from "./sockets.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const container = async (script: Script = ({ body }) => ({ body })): Promise<Container> => {
  const made = await startContainer(script);
  closing.push(() => made.close());
  return made;
};

const node = (name: string, { port }: { port: number }, over: Partial<UnitSource> = {}) => ({
  name,
  type: "MODEL",
  endpoint: { service_host: "127.0.0.1", httpPort: port, service_port: port },
  ...over,
});

type Options = {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly annotations?: string;
};

const flags = ["--sdep", "dep", "--namespace", "ns", "--predictor", "main"];
const anyPorts = ["--http_port", "0", "--grpc_port", "0", "--log_level", "FATAL"];

const start = async (graph: UnitSource, options: Options = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "annotations");
  writeFileSync(path, options.annotations ?? "");
  return startEngine([...flags, ...anyPorts, ...(options.flags ?? [])], {
    ENGINE_PREDICTOR: encodePlan({ name: "main", graph }),
    ESPALIER_PODINFO_ANNOTATIONS: path,
    ...options.env,
  });
};

const startHasty = (graph: UnitSource, options: Options) =>
  start(graph, { ...options, flags: ["--graceful_timeout", "0s", ...(options.flags ?? [])] });

const engine = async (graph: UnitSource, options: Options = {}): Promise<EngineProcess> =>
  stoppedLater(await startHasty(graph, options));

const stoppedLater = (started: Awaited<ReturnType<typeof start>>): EngineProcess => {
  if (!started.ok) throw new Error(started.faults.join());
  closing.push(() => started.process.stop());
  return started.process;
};

/** Does the work with a free port, and with another one if somebody was quicker to take it. */
const onFreePort = async <Made extends Awaited<ReturnType<typeof start>>>(
  work: (port: number) => Promise<Made>,
): Promise<{ readonly port: number; readonly made: Made }> => {
  for (;;) {
    const port = await freePort();
    const made = await work(port);
    const isTaken = !made.ok && made.faults.join().includes(`port ${port} is in use`);
    if (!isTaken) return { port, made };
  }
};

const url = ({ httpPort }: EngineProcess, path: string): string =>
  `http://127.0.0.1:${httpPort}${path}`;
const predictions = "/api/v1.0/predictions";

const send = async (to: EngineProcess, init: RequestInit & { readonly path?: string } = {}) => {
  const { path = predictions, ...rest } = init;
  const reply = await fetch(url(to, path), {
    method: "POST",
    body: "{}",
    redirect: "manual",
    ...rest,
    headers: { "Content-Type": "application/json", ...rest.headers },
  });
  const body = await reply.text();
  return { status: reply.status, headers: reply.headers, body };
};

const infoOf = (body: string): { code: number; info: string } => JSON.parse(body).status;

describe("startEngine", () => {
  it("serves a graph with the engine's headers, and passes bytes on", async () => {
    const odd = Buffer.from([0, 255, 60, 62, 38, 0xe2, 0x80, 0xa8]);
    const model = await container(() => ({
      body: odd,
      headers: { "Content-Type": "application/x-odd", "Set-Cookie": "a=b" },
    }));
    const running = await engine(node("m", model), {
      env: { CORS_ALLOWED_ORIGINS: "https://a", CORS_ALLOWED_HEADERS: "X-B" },
    });
    const reply = await fetch(url(running, `${predictions}?x=1`), {
      method: "POST",
      body: "hello",
      headers: { "X-Own": "1", "Seldon-Puid": "p", "Ce-Specversion": "1.0", Accept: "a/b" },
    });
    expect(Buffer.from(await reply.arrayBuffer()).equals(odd)).toBe(true);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      "content-type": "application/x-odd",
      "seldon-puid": "p",
      "x-content-type-options": "nosniff",
      "access-control-allow-origin": "https://a",
      "access-control-allow-headers": "X-B",
      "access-control-allow-methods": "OPTIONS,POST",
      "ce-id": "p",
      "ce-specversion": "0.3",
      "ce-path": predictions,
      "ce-type": "seldon.dep.ns.response",
      "ce-source": "seldon.dep",
    });
    expect(reply.headers.has("set-cookie")).toBe(false);
    expect(reply.headers.has("seldon-route")).toBe(false);
    expect(model.asked).toMatchObject([
      {
        method: "POST",
        path: "/predict",
        body: "hello",
        headers: { "x-own": "1", "seldon-puid": "p", accept: "a/b", "content-length": "5" },
      },
    ]);
  });

  it("answers OPTIONS, unknown paths, wrong methods and unclean paths itself", async () => {
    const model = await container();
    const running = await engine(node("m", model));
    const options = await send(running, { method: "OPTIONS", body: null });
    expect([options.status, options.body]).toEqual([200, ""]);
    const unknown = await send(running, { path: "/nowhere" });
    expect([unknown.status, unknown.body]).toEqual([404, "404 page not found\n"]);
    expect(unknown.headers.has("seldon-puid")).toBe(false);
    const wrong = await send(running, { method: "GET", body: null });
    expect([wrong.status, wrong.body, wrong.headers.has("seldon-puid")]).toEqual([405, "", false]);
    const unclean = await dial(running.httpPort);
    closing.push(unclean.close);
    unclean.write(
      "POST //api/v1.0/./predictions?a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    expect(await unclean.closed()).toMatch(
      /^HTTP\/1\.1 301 [\s\S]*Location: \/api\/v1\.0\/predictions\?a\r\n/,
    );
    expect(model.asked).toEqual([]);
  });

  it("refuses a malformed path, and tells a path without its escapes", async () => {
    const running = await engine(node("m", await container()));
    const bad = await send(running, { path: "/api/v1.0/status/%zz" });
    expect([bad.status, bad.body, bad.headers.has("seldon-puid")]).toEqual([
      400,
      "400 Bad Request",
      false,
    ]);
    const odd = await fetch(url(running, "/api/v1.0/status/a%20b%00c"), {
      headers: { "Ce-Specversion": "1.0" },
    });
    expect(odd.headers.get("ce-path")).toBe("/api/v1.0/status/a b c");
    const accented = await fetch(url(running, "/api/v1.0/status/%C3%A9"), {
      headers: { "Ce-Specversion": "1.0", "Seldon-Puid": "\u00e9" },
    });
    expect(accented.headers.get("seldon-puid")).toBe("\u00e9");
    expect(accented.headers.get("ce-path")).toBe("/api/v1.0/status/\u00c3\u00a9");
  });

  it("is live at once, and ready when its nodes are", async () => {
    const port = await deafPort();
    const down = await engine(node("m", { port }));
    expect((await send(down, { path: "/live" })).status).toBe(200);
    for (const path of ["/ready", "/api/v1.0/status", "/api/v1.0/health/status"]) {
      const get = path === "/ready" ? {} : { method: "GET", body: null };
      expect((await send(down, { path, ...get })).status).toBe(503);
    }
    const model = await container();
    const up = await engine(node("m", model));
    expect(await send(up, { path: "/ready" })).toMatchObject({ status: 200, body: "" });
    const asked = await engine(node("m", model), { flags: ["--full_health_checks=true"] });
    expect((await send(asked, { path: "/ready" })).status).toBe(200);
    expect(model.asked).toMatchObject([{ method: "GET", path: "/api/v1.0/health/status" }]);
  });

  it("passes status and metadata of a unit on, and describes the graph", async () => {
    const model = await container(({ path }) => ({ body: JSON.stringify({ name: path }) }));
    const running = await engine(node("m", model));
    const get = { method: "GET", body: null };
    expect((await send(running, { path: "/api/v1.0/status/m", ...get })).body).toBe(
      '{"name":"/health/status"}',
    );
    expect((await send(running, { path: "/api/v0.1/metadata/m", ...get })).body).toBe(
      '{"name":"/metadata"}',
    );
    const graph = await send(running, { path: "/api/v1.0/metadata", ...get });
    expect(JSON.parse(graph.body)).toMatchObject({ name: "main", models: { m: {} } });
    const who = await send(running, { path: "/api/v1.0/status/who", ...get });
    expect([who.status, infoOf(who.body).info]).toEqual([500, "Failed to find model who"]);
  });

  it("sends feedback along the route that the answer took", async () => {
    const [a, b] = [await container(), await container()];
    const running = await engine({
      name: "ab",
      implementation: "RANDOM_ABTEST",
      parameters: [{ name: "ratioA", value: "0" }],
      children: [node("a", a), node("b", b)],
    });
    const answer = await send(running, { body: '{"meta":{},"data":{}}' });
    expect(answer.headers.get("seldon-route")).toBe("ab=1");
    expect(answer.body).toBe('{"meta":{"routing":{"ab":1,"b":-1}},"data":{}}');
    const feedback = `{"response":${answer.body},"reward":1}`;
    expect((await send(running, { path: "/api/v1.0/feedback", body: feedback })).status).toBe(200);
    expect([a.asked.length, b.asked.map(({ path }) => path)]).toEqual([
      0,
      ["/predict", "/send-feedback"],
    ]);
  });

  it.each([
    { variable: "true", want: '{"meta":{"routing":{"m":-1}}}' },
    { variable: "false", want: '{"meta":{}}' },
  ])(
    "records routes as SELDON_ENABLE_ROUTING_INJECTION=$variable says",
    async ({ variable, want }) => {
      const model = await container();
      const running = await engine(node("m", model), {
        env: { SELDON_ENABLE_ROUTING_INJECTION: variable },
      });
      expect((await send(running, { body: '{"meta":{}}' })).body).toBe(want);
    },
  );

  it("counts requests and calls under v1's names", async () => {
    const model = await container(() => ({ status: 418 }));
    const running = await engine(node("m", model), { flags: ["--prometheus_path", "/prometheus"] });
    await send(running);
    const { body, headers } = await send(running, { path: "/prometheus" });
    expect(headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(
      /^seldon_api_executor_server_requests_seconds_count\{.*service="predictions",method="post",code="418"\} 1$/m,
    );
    expect(body).toMatch(
      /^seldon_api_executor_client_requests_seconds_count\{.*service="\/predict",method="post",code="418",model_name="m".*\} 1$/m,
    );
  });

  it("counts calls under their paths without escapes", async () => {
    const running = await engine(node("m", await container()), { flags: ["--protocol", "v2"] });
    await send(running, { path: "/v2/models/a%20b/infer", body: '{"inputs":[]}' });
    const { body } = await send(running, { path: "/metrics" });
    expect(body).toContain('service="/v2/models/a b/infer"');
  });

  it("serves the metrics alone on a port of their own, if it has one", async () => {
    const graph = node("m", await container());
    const { port, made } = await onFreePort((free) =>
      startHasty(graph, {
        flags: ["--metrics_port", String(free), "--prometheus_path", "/prometheus"],
      }),
    );
    const running = stoppedLater(made);
    const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    expect(await (await at("/prometheus?x")).text()).toContain("process_cpu_seconds_total");
    expect((await at("/live")).status).toBe(404);
    expect((await send(running, { path: "/prometheus" })).status).toBe(200);
  });

  it("shows its documents", async () => {
    const running = await engine(node("m", await container()));
    const { body } = await send(running, { path: "/api/v1.0/doc/", method: "GET", body: null });
    expect(body).toContain("ns/dep: main");
  });
});

describe("startEngine when nodes fail", () => {
  it("passes a node's error on as it came", async () => {
    const model = await container(() => ({
      status: 409,
      body: "<no>",
      headers: { "Content-Type": "text/html" },
    }));
    const { status, headers, body } = await send(await engine(node("m", model)));
    expect([status, headers.get("content-type"), body]).toEqual([409, "text/html", "<no>"]);
    expect(headers.get("seldon-puid")).toMatch(/^.{36}$/);
  });

  it("answers a router's 204 with 204 and nothing else", async () => {
    const router = await container(() => ({ status: 204 }));
    const graph = node("r", router, { type: "ROUTER", children: [node("m", router)] });
    const { status, headers, body } = await send(await engine(graph));
    expect([status, headers.has("content-type"), body]).toEqual([204, false, ""]);
  });

  it("says that a node cannot be reached", async () => {
    const port = await deafPort();
    const { status, headers, body } = await send(await engine(node("m", { port })));
    expect([status, headers.get("content-type")]).toEqual([500, "application/json"]);
    expect(infoOf(body)).toMatchObject({ code: 500, status: "FAILURE" });
    expect(infoOf(body).info).toContain(`http://127.0.0.1:${port}/predict`);
  });

  it("says that a node broke off, and serves the next request", async () => {
    let count = 0;
    const host = await rawHost((talk) => {
      talk.socket.on("data", () => {
        count += 1;
        if (count === 1) talk.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        else talk.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
      });
    });
    closing.push(() => host.close());
    const running = await engine(node("m", host));
    expect((await send(running)).status).toBe(500);
    expect(await send(running)).toMatchObject({ status: 200, body: "whole" });
  });

  it("gives up a node after seldon.io/rest-timeout with 500", async () => {
    const model = await container(() => "never");
    const running = await engine(node("m", model), {
      annotations: 'seldon.io/rest-timeout="1000"\n',
    });
    const { status, body } = await send(running);
    expect([status, infoOf(body).code]).toEqual([500, 500]);
    await model.left();
  });

  it.each([
    { name: "its annotation", annotations: 'espalier.io/graph-timeout="1000"', headers: {} },
    { name: "the client's header", annotations: "", headers: { "Espalier-Timeout-Ms": "1000" } },
    {
      name: "the smaller of both",
      annotations: 'espalier.io/graph-timeout="60000"',
      headers: { "Espalier-Timeout-Ms": "1000" },
    },
    {
      name: "the annotation, if the client would wait longer",
      annotations: 'espalier.io/graph-timeout="1000"',
      headers: { "Espalier-Timeout-Ms": "99999999999999999999" },
    },
  ])("gives up the graph after $name with 504", async ({ annotations, headers }) => {
    const [quick, never] = [await container(), await container(() => "never")];
    const graph = node("a", quick, { children: [node("b", never), node("c", never)] });
    const running = await engine(graph, { annotations });
    const { status, body } = await send(running, { headers });
    expect([status, infoOf(body).info]).toEqual([504, expect.stringContaining("1000 ms")]);
    await never.left();
  });

  it.each(["", "0", "-1", "1.5", "soon", "1, 2"])(
    "refuses a header Espalier-Timeout-Ms of %j with 400",
    async (value) => {
      const model = await container();
      const running = await engine(node("m", model));
      const { status } = await send(running, { headers: { "Espalier-Timeout-Ms": value } });
      expect([status, model.asked.length]).toEqual([400, 0]);
    },
  );

  it("leaves a node when its sibling has failed", async () => {
    const never = await container(() => "never");
    const failing = await container(async () => {
      await never.count(1);
      return { status: 503, body: "busy" };
    });
    const combiner = await container();
    const running = await engine(
      node("k", combiner, {
        type: "COMBINER",
        children: [node("a", never), node("b", failing), node("c", never)],
      }),
    );
    expect(await send(running)).toMatchObject({ status: 503, body: "busy" });
    await never.left();
    expect(combiner.asked).toEqual([]);
  });

  it("leaves the nodes when the client has left", async () => {
    const never = await container(() => "never");
    const running = await engine(node("m", never));
    const client = await dial(running.httpPort);
    client.write(`POST ${predictions} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`);
    await never.count(1);
    client.close();
    await never.left();
  });

  it("is not flooded by a gzip bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const model = await container(() => ({ body: bomb, headers: { "Content-Encoding": "gzip" } }));
    const running = await engine(node("m", model), {
      flags: ["--max_decompressed_bytes", "100000"],
    });
    const talk = await dial(running.httpPort);
    closing.push(talk.close);
    talk.write(`POST ${predictions} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    expect(await talk.closed()).toMatch(/^HTTP\/1\.1 500 /);
  });
});

describe("startEngine when clients misbehave", () => {
  const raw = async (running: EngineProcess, text: string): Promise<Talk> => {
    const talk = await dial(running.httpPort);
    closing.push(talk.close);
    talk.write(text);
    return talk;
  };

  it("refuses what is too large, as the protocol says errors", async () => {
    const model = await container();
    const running = await engine(node("m", model), {
      flags: ["--max_body_bytes", "100", "--max_header_bytes", "8192"],
    });
    const body = await raw(
      running,
      `POST ${predictions} HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n`,
    );
    expect(await body.closed()).toMatch(
      /^HTTP\/1\.1 413 [\s\S]*Content-Type: application\/json\r\n[\s\S]*\{"status":\{"code":500,"info":".*max_body_bytes.*","status":"FAILURE"\}\}$/,
    );
    const head = await raw(running, `GET /live HTTP/1.1\r\nA: ${"x".repeat(100_000)}\r\n\r\n`);
    expect(await head.closed()).toMatch(/^HTTP\/1\.1 431 /);
    const nonsense = await raw(running, "nonsense\r\n\r\n");
    expect(await nonsense.closed()).toMatch(/^HTTP\/1\.1 400 /);
    expect((await send(running)).status).toBe(200);
    expect(model.asked).toHaveLength(1);
  });

  it("says that a request takes too many at once, but answers probes", async () => {
    const model = await container(() => "never");
    const running = await engine(node("m", model), { flags: ["--max_concurrent_requests", "1"] });
    await raw(running, `POST ${predictions} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`);
    await model.count(1);
    expect((await send(running)).status).toBe(503);
    for (const path of ["/live", "/ready?x", "/metrics"]) {
      expect((await send(running, { path })).status).toBe(200);
    }
  });
});

describe("startEngine that cannot start", () => {
  it("reports faults of its configuration", async () => {
    const started = await startEngine([], {});
    expect(started).toMatchObject({ ok: false, exitCode: 1 });
    expect(await startEngine([...flags, "--nope"], {})).toMatchObject({ ok: false, exitCode: 2 });
  });

  it.each(["--http_port", "--grpc_port", "--metrics_port"])(
    "names a %s that is in use, and leaves no listener behind",
    async (flag) => {
      const taken = await rawHost();
      closing.push(() => taken.close());
      const otherFlag = flag === "--http_port" ? "--grpc_port" : "--http_port";
      // Both sockets of the machine: the engine listens on all interfaces.
      const { port: other, made } = await onFreePort((free) =>
        start(node("m", { port: 1 }), {
          flags: [
            otherFlag,
            String(free),
            flag,
            String(taken.port),
            "--listen_address",
            "127.0.0.1",
          ],
        }),
      );
      expect(made).toMatchObject({
        ok: false,
        exitCode: 1,
        faults: [expect.stringContaining(`port ${taken.port} is in use`)],
      });
      await expect(dial(other)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    },
  );
});

describe("stop", () => {
  const started = async (graph: UnitSource, options: Options = {}): Promise<EngineProcess> => {
    const one = await start(graph, options);
    if (!one.ok) throw new Error(one.faults.join());
    return one.process;
  };

  it("turns unready at once, serves on for its delay, then takes no more, and exits 0", async () => {
    const model = await container();
    const running = await started(node("m", model), { flags: ["--shutdown_delay", "2s"] });
    const stopped = running.stop();
    expect((await send(running, { path: "/ready" })).status).toBe(503);
    expect((await send(running)).status).toBe(200);
    expect((await send(running, { path: "/live" })).status).toBe(200);
    expect(await stopped).toBe(0);
    await expect(dial(running.httpPort)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(dial(running.grpcPort)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("lets a request in work end", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const model = await container(async () => {
      await gate;
      return { body: "done" };
    });
    const running = await started(node("m", model));
    const answer = send(running);
    await model.count(1);
    const stopped = running.stop();
    setImmediate(release);
    expect(await answer).toMatchObject({ status: 200, body: "done" });
    expect(await stopped).toBe(0);
  });

  it("exits 1 when a request does not end in time, and leaves nothing open", async () => {
    const model = await container(() => "never");
    const running = await started(node("m", model), { flags: ["--graceful_timeout", "50ms"] });
    const client = await dial(running.httpPort);
    client.write(`POST ${predictions} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await model.count(1);
    expect(await running.stop()).toBe(1);
    await client.closed();
    await model.left();
  });

  it("does not wait for clients that are connected and silent", async () => {
    const running = await started(node("m", await container()));
    const silent = [await dial(running.httpPort), await dial(running.grpcPort)];
    expect((await send(running)).status).toBe(200);
    expect(await running.stop()).toBe(0);
    await Promise.all(silent.map((one) => one.closed()));
  });
});

/** One call over HTTP/2: the trailers, which for a call without an answer are the only headers. */
const rpc = async (port: number, path: string): Promise<Readonly<Record<string, unknown>>> => {
  const session = connect(`http://127.0.0.1:${port}`);
  const call = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.resume();
  const headers = new Promise<object>((resolve) => call.on("response", resolve));
  call.end(Buffer.alloc(5));
  const found = { ...(await headers) };
  session.close();
  return found;
};

describe("the gRPC port", () => {
  it("answers an RPC that nobody offers with UNIMPLEMENTED, whatever its name", async () => {
    const running = await engine(node("m", await container()));
    for (const path of [
      "/seldon.protos.Seldon/Fly",
      "/",
      "/a%0ab/\u00e9",
      `/${"x".repeat(4000)}`,
    ]) {
      expect(await rpc(running.grpcPort, path)).toMatchObject({ "grpc-status": "12" });
    }
    expect((await send(running, { path: "/live" })).status).toBe(200);
  });

  it("is open from the start and survives what is no HTTP/2", async () => {
    const running = await engine(node("m", await container()));
    const talk = await dial(running.grpcPort);
    talk.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await talk.closed();
    const again = createConnection({ port: running.grpcPort, host: "127.0.0.1" });
    await new Promise((resolve) => again.on("connect", resolve));
    again.destroy();
    expect((await send(running, { path: "/live" })).status).toBe(200);
  });
});
