/** Engines that learn together: processes of their own, on a real server. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { closeAfterEach } from "../contract/cleanup.ts";
import { type EngineProcess, startEngineProcess } from "../contract/engine-process.ts";
import { freePort, startServer, type TestServer } from "./support/server.ts";
import { until } from "./support/store.ts";

const later = closeAfterEach();

const graph: UnitSource = {
  name: "router",
  implementation: "EPSILON_GREEDY",
  children: [
    { name: "a", implementation: "SIMPLE_MODEL" },
    { name: "b", implementation: "SIMPLE_MODEL" },
  ],
};

const folder = new URL("../support/certificates/", import.meta.url);
const certificate = (name: string): string => fileURLToPath(new URL(name, folder));

const startEngine = async (
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<EngineProcess> => {
  const engine = await startEngineProcess(graph, { env: { ...env, ESPALIER_STATE_STORE: url } });
  later(() => engine.stop());
  return engine;
};

type Branch = { readonly pulls: number; readonly rewards: number; readonly reward: number };

const branchesOf = async ({ httpPort }: EngineProcess): Promise<readonly Branch[]> => {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/v1.0/routers`);
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as {
    readonly router: { readonly branches: readonly Branch[] };
  };
  return body.router.branches.map(({ pulls, rewards, reward }) => ({ pulls, rewards, reward }));
};

const post = async (
  { httpPort }: EngineProcess,
  path: string,
  body: object,
  puid = "",
): Promise<unknown> => {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/v1.0/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(puid !== "" && { "Seldon-Puid": puid }) },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.anything()]);
  return JSON.parse(text);
};

const predict = (engine: EngineProcess, puid?: string) =>
  post(engine, "predictions", { data: { ndarray: [[1]] } }, puid);

const feedback = (engine: EngineProcess, route: number, reward: number) =>
  post(engine, "feedback", {
    request: { data: { ndarray: [[1]] } },
    response: { meta: { routing: { router: route } } },
    reward,
  });

/** Numbers of the state on the server: five for each branch. */
const storedOn = async ({ client }: TestServer): Promise<readonly number[]> => {
  const [key = ""] = await client.keys("espalier:ns:dep:p:router:sums:*");
  const bytes = (await client.hgetBuffer(key, "sums")) ?? Buffer.alloc(0);
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
};

const engineCount = 10;
const rounds = 100;

describe("ten engines with one server", () => {
  it("lose no reward and no pull, whatever happens to their connections", async () => {
    const server = await startServer(later);
    const engines = await Promise.all(
      Array.from({ length: engineCount }, () => startEngine(server.url)),
    );
    const work = engines.map(async (engine) => {
      for (let round = 0; round < rounds; round += 1) {
        await predict(engine);
        await feedback(engine, round % 2, 1);
        await feedback(engine, 1, 0.25);
      }
    });
    const cutting = (async () => {
      for (let cut = 0; cut < 20; cut += 1) {
        await server.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await Promise.race([...work, predictedMore(engines)]);
      }
    })();
    await Promise.all([...work, cutting]);
    const all = engineCount * rounds;
    const want = [
      { rewards: all / 2, reward: all / 2 },
      { rewards: (all * 3) / 2, reward: all / 2 + all / 4 },
    ];
    for (const engine of engines) {
      await until(async () => sum(await branchesOf(engine), ({ rewards }) => rewards) === 2 * all);
      expect(await branchesOf(engine)).toMatchObject(want);
      expect(sum(await branchesOf(engine), ({ pulls }) => pulls)).toBe(all);
    }
    for (const engine of engines) expect(await engine.stop()).toBe(0);
    const [pullsOfA = 0, rewardsOfA, trialsOfA, totalOfA, , pullsOfB = 0, rewardsOfB] =
      await storedOn(server);
    expect(pullsOfA + pullsOfB).toBe(all);
    expect([rewardsOfA, trialsOfA, totalOfA, rewardsOfB]).toEqual([
      all / 2,
      all / 2,
      all / 2,
      (all * 3) / 2,
    ]);
  });
});

const sum = (branches: readonly Branch[], of: (branch: Branch) => number): number =>
  branches.reduce((total, branch) => total + of(branch), 0);

/** Some way further on than now. */
const predictedMore = async (engines: readonly EngineProcess[]): Promise<void> => {
  const pulls = async (): Promise<number> => {
    const [engine] = engines;
    return engine === undefined ? 0 : sum(await branchesOf(engine), (one) => one.pulls);
  };
  const before = await pulls();
  await until(async () => (await pulls()) >= before + engineCount);
};

describe("engines with one server", () => {
  it("give the state to one that starts later", async () => {
    const server = await startServer(later);
    const first = await startEngine(server.url);
    for (let i = 0; i < 5; i += 1) await feedback(first, 1, 1);
    expect(await first.stop()).toBe(0);
    const second = await startEngine(server.url);
    await until(async () => (await branchesOf(second))[1]?.reward === 5);
  });

  it("find the way of a request that another has routed", async () => {
    const server = await startServer(later);
    const [first, second] = [await startEngine(server.url), await startEngine(server.url)];
    await predict(first, "the-puid");
    const key = "espalier:ns:dep:p:router:memory:the-puid";
    await until(async () => (await server.client.exists(key)) === 1);
    const reward = async () => sum(await branchesOf(second), (one) => one.reward);
    await until(async () => {
      await post(second, "feedback", { response: { meta: { puid: "the-puid" } }, reward: 1 });
      return (await reward()) > 0; // it counts nowhere if the server does not answer within 50 ms
    });
    expect(await reward()).toBe(1);
  });

  it("answer while the server is paused", async () => {
    const server = await startServer(later);
    const engine = await startEngine(server.url);
    await feedback(engine, 0, 1);
    await until(async () => (await storedOn(server))[1] === 1);
    server.pause();
    for (let i = 0; i < 20; i += 1) {
      await predict(engine);
      await feedback(engine, 0, 1);
    }
    await post(engine, "feedback", { response: { meta: { puid: "unknown" } }, reward: 1 });
    expect((await branchesOf(engine))[0]?.reward).toBe(21);
    await until(() => engine.lines.some((line) => line.includes("state store lost")));
    server.resume();
    await until(async () => (await storedOn(server))[1] === 21);
    await until(() => engine.lines.some((line) => line.includes("state store is back")));
    const metrics = await (await fetch(`http://127.0.0.1:${engine.httpPort}/metrics`)).text();
    expect(/^espalier_state_store_up .*$/m.exec(metrics)?.[0]).toBe("espalier_state_store_up 1");
    expect(engine.lines.filter((line) => line.includes("state store lost"))).toHaveLength(1);
  });

  it("speak TLS", async () => {
    const port = await freePort();
    const server = await startServer(later, [
      ...["--tls-port", `${port}`, "--tls-auth-clients", "no"],
      ...["--tls-ca-cert-file", certificate("ca.crt")],
      ...["--tls-cert-file", certificate("first.crt"), "--tls-key-file", certificate("first.key")],
    ]);
    const url = `rediss://127.0.0.1:${port}`;
    const engine = await startEngine(url, { NODE_EXTRA_CA_CERTS: certificate("ca.crt") });
    await feedback(engine, 1, 1);
    await until(async () => (await storedOn(server))[6] === 1);
    const stranger = await startEngine(url);
    await until(() => stranger.lines.some((line) => line.includes("state store lost")));
  });
});
