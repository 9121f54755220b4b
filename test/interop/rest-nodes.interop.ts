/** Go's net/http and Python's http.server as containers behind the engine. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { ask } from "../peers/support/ask.ts";
import type { Engine } from "../peers/support/engine.ts";
import { machineEnv } from "../peers/support/peers.ts";
import { makeProcesses, type Process } from "../peers/support/processes.ts";
import { curl } from "./support/curl.ts";
import { predictions, startBefore } from "./support/engine.ts";
import { folder, programs } from "./support/tools.ts";

const later = closeAfterAll();
const processes = makeProcesses();
afterAll(() => processes.stopAll());

const small = '{"strData":"hællo"}';
const large = JSON.stringify({ strData: "0123456789abcdef".repeat(65_536) });

type Behind = { readonly engine: Engine; readonly node: Process };

const behind = async (file: string, args: readonly string[]): Promise<Behind> => {
  const http = await processes.freePort();
  const node = processes.start({
    name: `${file} ${args.join(" ")}`,
    file,
    args: [...args, "--port", String(http)],
    cwd: join(folder, "python"),
    env: machineEnv("/usr/bin"),
  });
  await node.listens(http);
  // It speaks REST alone; nobody asks it over gRPC.
  const { engine } = await startBefore(later, { http, grpc: http });
  return { engine, node };
};

const post = (engine: Engine, body: string, headers: Record<string, string> = {}) =>
  ask(engine.url + predictions, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });

describe.each([
  { name: "Go's net/http", command: (): [string, string[]] => [programs().go, ["rest-node"]] },
  {
    name: "http.server of HTTP/1.0",
    command: (): [string, string[]] => [`${programs().python}/python`, ["rest_node.py"]],
  },
  {
    name: "http.server of HTTP/1.1",
    command: (): [string, string[]] => [
      `${programs().python}/python`,
      ["rest_node.py", "--version", "HTTP/1.1"],
    ],
  },
])("a container under $name", ({ command }) => {
  let engine: Engine;
  beforeAll(async () => {
    ({ engine } = await behind(...command()));
  });

  it.each([
    { name: "small", body: small, count: 50 },
    { name: "large", body: large, count: 10 },
  ])("answers $name requests, one by one and at once", async ({ body, count }) => {
    for (let i = 0; i < 5; i += 1)
      expect((await post(engine, body)).body).toEqual(JSON.parse(body));
    const bodies = Array.from({ length: count }, (_, i) => body.replace('":"', `":"${i} `));
    const answers = await Promise.all(bodies.map((one) => post(engine, one)));
    expect(answers.map(({ body }) => JSON.stringify(body)).join("\n") === bodies.join("\n")).toBe(
      true,
    );
  });
});

describe("a container under Go's net/http", () => {
  let one: Behind;
  beforeAll(async () => {
    one = await behind(programs().go, ["rest-node"]);
  });

  it.each([
    { name: "in chunks", does: "chunked" },
    { name: "compressed", does: "gzip" },
    { name: "after a hint", does: "early" },
    { name: "and closes the connection", does: "close" },
  ])("answers $name", async ({ does }) => {
    for (const body of [small, large, small]) {
      const answer = await post(one.engine, body, { Do: does });
      expect({ status: answer.status, right: JSON.stringify(answer.body) === body }).toEqual({
        status: 200,
        right: true,
      });
    }
  });

  it("has its errors passed on", async () => {
    expect(await post(one.engine, small, { Do: "fail:418" })).toMatchObject({
      status: 418,
      body: { status: { info: "failed" } },
    });
  });

  it("hears that the client has left", async () => {
    const gone = one.node.line(/^gone left-early$/);
    const headers = ["-H", "Do: hang", "-H", "Seldon-Puid: left-early", "--max-time", "2"];
    const { code } = await curl([...headers, "--data-binary", small, one.engine.url + predictions]);
    expect(code).toBe(28); // curl's word for a time that is over
    expect(await gone).toBe("gone left-early");
  });
});
