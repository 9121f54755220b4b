/** An engine of several processes, from outside. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../../api/plan.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at } from "../../contract/engine.ts";
import { type EngineProcess, startEngineProcess } from "../../contract/engine-process.ts";
import { openGrpcClient, openGrpcHost, type Seen } from "../../contract/grpc.ts";
import { openRestHost } from "../../contract/rest.ts";
import { encode } from "../protocol/messages.ts";

const later = closeAfterEach();

/** An engine of two processes before a model that answers what it is asked. */
const open = async (...args: readonly string[]): Promise<EngineProcess> => {
  const { httpPort } = await openRestHost(later, { "/predict": ({ body }) => ({ body }) });
  const unary = { "/seldon.protos.Model/Predict": ({ body }: Seen) => body };
  const { grpcPort } = await openGrpcHost(later, { unary });
  const graph = { name: "m", type: "MODEL", endpoint: at({ httpPort, grpcPort }) };
  const engine = await startEngineProcess(graph, { args: ["--workers", "2", ...args] });
  later(() => engine.stop());
  await engine.logged("engine of several processes started");
  return engine;
};

/** The processes that serve. */
const workersOf = ({ pid }: EngineProcess): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

type Asked = { readonly agent?: Agent; readonly path?: string; readonly body?: string };

const ask = (port: number, { agent, path = "/api/v1.0/predictions", body }: Asked) =>
  new Promise<string>((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const one = request({ host: "127.0.0.1", port, path, method, agent: agent ?? false });
    one.on("error", reject);
    one.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve(text));
      answer.on("error", reject);
    });
    one.end(body);
  });

/** Asks over REST and tells what was wrong with the answer, if anything. */
const overRest =
  ({ httpPort }: EngineProcess, agent?: Agent) =>
  async (id: number): Promise<string | undefined> => {
    const body = `{"strData":"${id}"}`;
    const answer = await ask(httpPort, { body, ...(agent && { agent }) }).catch(String);
    return answer === body ? undefined : answer;
  };

/** As clients are by default: what this one had not sent yet when a GOAWAY came, it sends elsewhere. */
const overGrpc = ({ grpcPort }: EngineProcess) => {
  const client = openGrpcClient(later, grpcPort, { "grpc.enable_retries": 1 });
  return async (id: number): Promise<string | undefined> => {
    const body = encode("seldon.protos.SeldonMessage", { strData: String(id) });
    const answer = await client.ask("/seldon.protos.Seldon/Predict", body);
    if (answer.code !== 0) return `${answer.code} ${answer.details}`;
    return answer.body.equals(body) ? undefined : answer.body.toString("hex");
  };
};

/** Asks without pause until it is stopped; the answer to stopping is what went wrong. */
const load = (one: (id: number) => Promise<string | undefined>) => {
  const wrong: string[] = [];
  let asked = 0;
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      asked += 1;
      const fault = await one(asked);
      if (fault !== undefined) wrong.push(fault);
    }
  };
  const running = Promise.all([run(), run()]);
  return async () => {
    stopped = true;
    await running;
    return { wrong, asked };
  };
};

describe("an engine of several processes", () => {
  it("tells the metrics of all, whichever is asked", async () => {
    const engine = await open();
    const body = "{}";
    for (let i = 0; i < 20; i += 1) await ask(engine.httpPort, { body });
    for (let i = 0; i < 4; i += 1) {
      const text = await ask(engine.httpPort, { path: "/metrics" });
      expect(text).toMatch(/^seldon_api_executor_server_requests_seconds_count\{.*\} 20$/m);
      expect(text.match(/^process_resident_memory_bytes /gm)).toHaveLength(1);
    }
  });

  it("puts another process in the place of one that dies, while the other serves", async () => {
    const engine = await open();
    const [first = 0, second] = workersOf(engine);
    process.kill(first, "SIGKILL");
    await engine.logged("engine started", 3);
    expect(workersOf(engine)).toContain(second);
    expect(workersOf(engine)).not.toContain(first);
    expect(await ask(engine.httpPort, { body: "{}" })).toBe("{}");
  });

  it("replaces its processes one by one and loses no request", async () => {
    const engine = await open();
    const before = workersOf(engine);
    const agent = new Agent({ keepAlive: true });
    later(() => agent.destroy());
    const ways = [overRest(engine), overRest(engine, agent), overGrpc(engine)];
    const loads = ways.map(load);
    expect(await overRest(engine)(0)).toBeUndefined();
    engine.signal("SIGHUP");
    await engine.logged("process of the engine replaced", 2);
    for (const stop of loads) {
      const { wrong, asked } = await stop();
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(10);
    }
    expect(workersOf(engine).filter((pid) => before.includes(pid))).toEqual([]);
  });

  it("lets requests in work end when it stops", async () => {
    let go = (): void => {};
    let arrived = (): void => {};
    const came = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { httpPort } = await openRestHost(later, {
      "/predict": async ({ body }) => {
        arrived();
        await held;
        return { body };
      },
    });
    const graph = { name: "m", type: "MODEL", endpoint: at({ httpPort }) };
    const engine = await startEngineProcess(graph, { args: ["--workers", "2"] });
    later(() => engine.stop());
    const answer = ask(engine.httpPort, { body: "{}" });
    await came;
    engine.signal("SIGTERM");
    await engine.logged("engine stopping", 2);
    go();
    expect(await answer).toBe("{}");
    expect(await engine.exited).toBe(0);
  });

  it("ends with the one that started its processes", async () => {
    const engine = await open();
    const workers = workersOf(engine);
    engine.signal("SIGKILL");
    await engine.exited;
    while (workers.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

const isAlive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

describe("an engine of several processes that cannot serve", () => {
  const bandit: UnitSource = {
    name: "eg",
    type: "ROUTER",
    implementation: "EPSILON_GREEDY",
    parameters: [{ name: "n_branches", value: "2", type: "INT" }],
    children: [
      { name: "a", type: "MODEL", endpoint: at({ httpPort: 1 }) },
      { name: "b", type: "MODEL", endpoint: at({ httpPort: 1 }) },
    ],
  };
  const model = { name: "m", type: "MODEL", endpoint: at({ httpPort: 1 }) };

  it.each([
    {
      name: "a node learns, and no store is named",
      graph: bandit,
      args: [],
      says: "--state_store",
    },
    { name: "a flag is wrong", graph: model, args: ["--http_port", "70000"], says: "--http_port" },
    { name: "there are too many", graph: model, args: ["--workers", "65"], says: "--workers" },
  ])("says so when $name", async ({ graph, args, says }) => {
    const started = startEngineProcess(graph, { args: ["--workers", "2", ...args] });
    await expect(started).rejects.toThrow(says);
  });
});
