import { describe, expect, it } from "@jest/globals";
import type { Result } from "../../../api/result.ts";
import { type Env, readConfig } from "../../../runtime/component/config.ts";
import type { Running } from "../../../runtime/component/listen.ts";
import { serve } from "../../../runtime/component/serve.ts";
import type { Model } from "../../../runtime/component/user.ts";
import { dial } from "../sockets.ts";
import { silent } from "./fixture.ts";

const ping = "GET /health/ping HTTP/1.1\r\nHost: h\r\n\r\n";
const folder = new URL(".", import.meta.url).pathname;

/** Serves `model` as if it were what this file exports, on free ports. */
const start = (model: Model, env: Env = {}, flags: object = {}): Promise<Result<Running>> => {
  const free = { "http-port": "0", "grpc-port": "0", "metrics-port": "0", host: "127.0.0.1" };
  const values = new Map<string, string>(Object.entries({ ...free, ...flags }));
  const config = readConfig({ module: "serve.test.ts", values }, env);
  if (!config.ok) throw new Error("bad settings");
  return serve({ config: config.value, folder, log: silent, importer: async () => ({ model }) });
};

const running = async (started: Promise<Result<Running>>) => {
  const result = await started;
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return { ...result.value, warnings: result.warnings };
};

describe("serve", () => {
  it("loads before it listens, and frees its ports when it has drained", async () => {
    const order: string[] = [];
    const model: Model = {
      load: async () => {
        await new Promise(setImmediate);
        order.push("load");
      },
      metadata: () => {
        order.push("metadata");
      },
      predict: (X) => X,
    };
    const first = await running(start(model));
    expect(order).toEqual(["load", "metadata"]);
    const pong = await fetch(`http://127.0.0.1:${first.httpPort}/health/ping`);
    expect(await pong.text()).toBe("pong");
    const scrape = await fetch(`http://127.0.0.1:${first.metricsPort}/metrics`);
    expect(scrape.status).toBe(200);
    await scrape.arrayBuffer();
    await first.drain();
    const second = await running(start(model, {}, { "http-port": first.httpPort.toString() }));
    expect(second.httpPort).toBe(first.httpPort);
    second.close();
  });

  it("hears a client on its kept connection once more before it closes it", async () => {
    const { httpPort, drain } = await running(start({ predict: (X) => X }));
    const kept = await dial(httpPort);
    kept.write(ping);
    await kept.until(/pong$/);
    const drained = drain(60_000);
    kept.write(ping);
    expect(await kept.closed()).toMatch(/connection: close\r\n.*pong$/is);
    await drained;
  });

  it("waits no longer than it was told for clients that ask for nothing", async () => {
    const { httpPort, drain } = await running(start({ predict: (X) => X }));
    const kept = await dial(httpPort);
    kept.write(ping);
    await kept.until(/pong$/);
    await drain(1);
    expect(await kept.closed()).not.toMatch(/connection: close/i);
  });

  it.each(["http", "grpc", "metrics"] as const)("says that the %s port is in use", async (name) => {
    const first = await running(start({ predict: () => 1 }));
    const port = String(first[`${name}Port`]);
    const second = await start({ predict: () => 1 }, {}, { [`${name}-port`]: port });
    expect(second.ok ? [] : second.issues.map(({ path }) => path)).toEqual([`--${name}-port`]);
    first.close();
  });

  it("opens no port for gRPC without workers", async () => {
    const served = await running(start({ predict: () => 1 }, { GRPC_WORKERS: "0" }));
    expect(served.grpcPort).toBeUndefined();
    served.close();
  });

  it.each([
    {
      name: "the unit",
      env: { PREDICTIVE_UNIT_ID: "unit", MLSERVER_MODEL_NAME: "m" },
      named: "unit",
    },
    { name: "the pod's variable", env: { MLSERVER_MODEL_NAME: "m" }, named: "m" },
    { name: "the class", env: {}, named: "Wine" },
  ])("names the model after $name", async ({ env, named }) => {
    class Wine {
      predict(): number {
        return 1;
      }
    }
    const served = await running(start(new Wine(), env));
    const answer = await fetch(`http://127.0.0.1:${served.httpPort}/v2/models/any`);
    expect(await answer.json()).toMatchObject({ name: named });
    served.close();
  });

  const both: Model = { predict: () => ["predict"], transformInput: () => ["transform"] };
  it.each([
    { name: "its type", model: both, type: "TRANSFORMER", answered: "transform" },
    { name: "a model, if nothing is said", model: both, type: "", answered: "predict" },
    { name: "what it has a method for", model: { route: () => 1 }, type: "", answered: 1 },
    { name: "that in spite of its type", model: { route: () => 1 }, type: "COMBINER", answered: 1 },
  ])("infers as $name", async ({ model, type, answered }) => {
    const served = await running(start(model, { SERVICE_TYPE: type }));
    const inputs = [{ name: "x", datatype: "FP64", shape: [1], data: [1] }];
    const answer = await fetch(`http://127.0.0.1:${served.httpPort}/v2/models/m/infer`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [answered] }] });
    served.close();
  });

  const refusals: readonly { name: string; model: Model; env: Env }[] = [
    {
      name: "load fails",
      model: {
        load: () => {
          throw new Error("boom");
        },
        predict: () => 1,
      },
      env: {},
    },
    {
      name: "a payload is to pass through, and nothing takes it",
      model: { predict: () => 1 },
      env: { PAYLOAD_PASSTHROUGH: "1" },
    },
  ];
  it.each(refusals)("starts nothing when $name", async ({ model, env }) => {
    expect(await start(model, env)).toMatchObject({ ok: false });
  });

  it.each([
    { name: "a model", model: { predict: () => 1 }, type: "MODEL", warnings: 0 },
    { name: "a router of unsaid type", model: { route: () => 0 }, type: undefined, warnings: 0 },
    {
      name: "a router that takes messages",
      model: { routeRaw: () => 0 },
      type: "ROUTER",
      warnings: 0,
    },
    {
      name: "a model that is said to be a router",
      model: { predict: () => 1 },
      type: "ROUTER",
      warnings: 1,
    },
    {
      name: "a model that only takes feedback",
      model: { sendFeedback: () => 0 },
      type: "MODEL",
      warnings: 1,
    },
  ])("warns $warnings times of $name", async ({ model, type, warnings }) => {
    const served = await running(start(model, { SERVICE_TYPE: type }));
    expect(served.warnings).toHaveLength(warnings);
    served.close();
  });

  it("serves predictions though its metadata is bad", async () => {
    const served = await running(start({ predict: (X) => X, metadata: () => ({ nmae: "x" }) }));
    const url = `http://127.0.0.1:${served.httpPort}`;
    expect((await fetch(`${url}/metadata`)).status).toBe(500);
    const query = encodeURIComponent('{"strData":"s"}');
    expect((await fetch(`${url}/predict?json=${query}`)).status).toBe(200);
    served.close();
  });

  it("lets a payload pass through to predictRaw, on the model itself", async () => {
    const model = {
      tail: "!",
      predictRaw(this: { tail: string }, body: unknown) {
        return `${body}${this.tail}`;
      },
    };
    const served = await running(start(model, { PAYLOAD_PASSTHROUGH: "true" }));
    const answer = await fetch(`http://127.0.0.1:${served.httpPort}/predict`, {
      method: "POST",
      body: "not JSON",
    });
    expect(await answer.text()).toBe("not JSON!");
    served.close();
  });
});
