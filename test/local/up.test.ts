import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makePorts } from "../../local/ports.ts";
import { gone } from "./fakes.ts";
import {
  ask,
  deploymentOf,
  hastyClock,
  makeWorkbench,
  nodeCommand,
  predictorOf,
  type Running,
  startUp,
  type Workbench,
} from "./harness.ts";

let bench: Workbench;
const running: Running[] = [];
const start: typeof startUp = (...args) => {
  const one = startUp(...args);
  running.push(one);
  return one;
};
beforeEach(() => {
  bench = makeWorkbench();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  bench.remove();
});

const pidsStarted = (): readonly number[] =>
  bench
    .read("started.log")
    .trim()
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));

describe("up", () => {
  it("serves a graph and leaves nothing behind", async () => {
    bench.write("request.json", "{}");
    const file = bench.write("a.json", deploymentOf("one", [predictorOf("main", "v1")]));
    const up = start([file], { cwd: bench.folder });
    const address = await up.ready("one");
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/seldon\/default\/one$/);
    expect(await ask(address)).toMatchObject({ version: "v1", url: "/predict", unit: "model" });
    expect(await up.line(/curl/)).toBe(
      `  curl -s -H 'Content-Type: application/json' -d @request.json ${address}/api/v1.0/predictions`,
    );
    const scratch = dirname(dirname(bench.read("podinfo")));
    expect(basename(scratch)).toMatch(/^espalier-up-/);
    expect(existsSync(scratch)).toBe(true);
    expect(await up.stop()).toBe(0);
    await Promise.all(pidsStarted().map(gone));
    expect(existsSync(scratch)).toBe(false);
    await expect(fetch(address)).rejects.toThrow();
  });

  it("gives a container the environment of its pod", async () => {
    const env = [
      { name: "A", value: "a" },
      { name: "B", value: "$(A)-$(PREDICTOR_ID)-$(A)" },
      { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "VERSION", valueFrom: { fieldRef: { fieldPath: "metadata.labels['version']" } } },
    ];
    bench.write(
      "print.sh",
      '#!/bin/sh\nenv; pwd; echo "args: $*"; cat "$ESPALIER_PODINFO_ANNOTATIONS"; command -v espalier; echo done; exec sleep 60\n',
    );
    const container = {
      name: "model",
      image: "i:1",
      command: ["/bin/sh", "print.sh"],
      args: ["$(A)", "$$(A)", "$(NOPE)", "$(PREDICTIVE_UNIT_ID)"],
      env,
    };
    const predictor = predictorOf("main", "", {
      annotations: { "seldon.io/rest-timeout": "70" },
      componentSpecs: [{ spec: { containers: [container] } }],
    });
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))], {
      namespace: "ns",
    });
    await up.line(/\] done$/);
    const printed = up.lines.map((line) => line.replace(/^\[one\/main\/model\] /, ""));
    for (const line of [
      "A=a",
      "B=a-$(PREDICTOR_ID)-a", // not yet known where it is used, as in Kubernetes
      "POD=one-main-0-model",
      "VERSION=main",
      "INHERITED=yes",
      "PREDICTIVE_UNIT_ID=model",
      "SELDON_DEPLOYMENT_ID=one",
      bench.folder,
      "args: a $(A) $(NOPE) model",
      'seldon.io/rest-timeout="70"',
    ]) {
      expect(printed).toContain(line);
    }
    const numbers = (name: string) =>
      printed.find((line) => line.startsWith(`${name}=`))?.split("=")[1];
    expect(numbers("PREDICTIVE_UNIT_SERVICE_PORT")).toBe(numbers("MLSERVER_HTTP_PORT"));
    expect(numbers("PREDICTIVE_UNIT_SERVICE_PORT")).not.toBe("9000");
    expect(printed.some((line) => line.endsWith("/bin/espalier"))).toBe(true);
  });

  it("says what it waits for until it is ready", async () => {
    const predictor = predictorOf("main", "", {
      componentSpecs: [
        {
          spec: {
            containers: [
              { name: "model", image: "i", command: ["/bin/sh", "-c", "echo up; exec sleep 60"] },
            ],
          },
        },
      ],
    });
    const port = await makePorts(Math.random).take();
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))], { port });
    await up.line(/up$/);
    const response = await fetch(
      `http://127.0.0.1:${port}/seldon/default/one/api/v1.0/predictions`,
    );
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      error: expect.stringContaining("one/main/model to accept connections on port "),
    });
  });

  it("splits traffic, and copies it to the shadow", async () => {
    const file = bench.write(
      "a.json",
      deploymentOf("one", [
        predictorOf("a", "va", { traffic: 60 }),
        predictorOf("b", "vb", { traffic: 40 }),
        predictorOf("s", "vs", { shadow: true }),
      ]),
    );
    let draw = 0;
    const up = start([file], { random: () => draw });
    const address = await up.ready("one");
    draw = 0.59;
    expect(await ask(address)).toMatchObject({ version: "va" });
    draw = 0.61;
    expect(await ask(address)).toMatchObject({ version: "vb" });
    const root = address.slice(0, address.indexOf("/seldon"));
    expect(await (await fetch(root)).text()).toBe(
      "/seldon/default/one  ready: a 60% b 40% s (shadow)\n",
    );
  });

  it("sends requests straight to a container without an engine", async () => {
    const predictor = predictorOf("main", "v1", { annotations: { "seldon.io/no-engine": "true" } });
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))]);
    const address = await up.ready("one");
    expect(await ask(address)).toMatchObject({ version: "v1", url: "/api/v1.0/predictions" });
  });

  it.each([
    { protocol: "seldon", url: "/predict" },
    { protocol: "tensorflow", url: "/v1/models/model:predict" },
    { protocol: "v2", url: "/v2/models/model/infer" },
    { protocol: "kfserving", url: "/v2/models/model/infer" },
  ])("prints a request that gets an answer over $protocol", async ({ protocol, url }) => {
    const file = bench.write("a.json", deploymentOf("one", [predictorOf("m", "v1")], { protocol }));
    const command = await start([file]).line(/^ {2}curl /);
    const [, body, address] = / -d '(.*)' (http:\S+)$/.exec(command) ?? [];
    const response = await fetch(address ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      ...(body !== undefined && { body }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ version: "v1", url });
  });

  it("passes the events of a model on as they come", async () => {
    const file = bench.write(
      "a.json",
      deploymentOf("one", [predictorOf("m", "v1")], { protocol: "v2" }),
    );
    const up = start([file]);
    const answer = await fetch(`${await up.ready("one")}/v2/models/model/infer_stream`, {
      method: "POST",
      headers: { Accept: "text/event-stream", "Content-Type": "application/json" },
      body: '{"inputs":[]}',
    });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const events = answer.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    expect((await events?.next())?.value).toBe("data: 1\n\n");
    bench.write("go", ""); // the model says no more until it is told to
    expect((await events?.next())?.value).toBe("data: 2\n\n");
    expect((await events?.next())?.done).toBe(true);
  });

  it("runs built-in nodes without any container", async () => {
    const predictor = { name: "main", graph: { name: "m", implementation: "SIMPLE_MODEL" } };
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))]);
    expect(await ask(await up.ready("one"))).toMatchObject({
      data: { names: ["class0", "class1", "class2"] },
    });
  });

  it("runs a mapped image, with the container's args", async () => {
    const predictor = predictorOf("main", "", {
      componentSpecs: [
        { spec: { containers: [{ name: "model", image: "reg:5000/me/model:2", args: ["v7"] }] } },
      ],
    });
    const images = [{ name: "reg:5000/me/model", command: `${process.execPath} server.mjs` }];
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))], { images });
    expect(await ask(await up.ready("one"))).toMatchObject({ version: "v7" });
  });

  it("runs init containers to their end first, and sidecars beside", async () => {
    const spec = {
      initContainers: [
        {
          name: "prepare",
          image: "i",
          command: [
            "/bin/sh",
            "-c",
            "sed s/version/prepared/ server.mjs > made.mjs; test -f second || { touch second; exit 1; }",
          ],
        },
      ],
      containers: [
        { name: "model", image: "i", command: [process.execPath, "made.mjs", "v1"] },
        { name: "side", image: "i", command: ["/bin/sh", "-c", "echo beside; exec sleep 60"] },
        { name: "idle", image: "only-in-a-cluster" },
      ],
    };
    const up = start(
      [
        bench.write(
          "a.json",
          deploymentOf("one", [predictorOf("main", "", { componentSpecs: [{ spec }] })]),
        ),
      ],
      { clock: hastyClock },
    );
    await ask(await up.ready("one"));
    await up.line(/^one\/main\/prepare exited with code 1; next start in 1 s$/);
    await up.line(/^\[one\/main\/side\] beside$/);
    await up.line(/^warning: .*containers\[2\]: is not started:/);
  });

  it("starts a container again that dies in the middle of an answer", async () => {
    const up = start([bench.write("a.json", deploymentOf("one", [predictorOf("main", "v1")]))], {
      clock: hastyClock,
    });
    const address = await up.ready("one");
    await up.line(/listening v1/); // which may come after it could be reached
    const again = up.nextLine(/listening v1/);
    await expect(ask(address, { x: "die" })).rejects.toThrow(/^500 .*the connection was closed/);
    await up.line(/^one\/main\/model exited with code 9; next start in 1 s$/);
    await again;
    expect(await ask(address)).toMatchObject({ version: "v1" });
    expect(new Set(pidsStarted()).size).toBe(2);
  });

  it("gives up a deployment that cannot start, and goes on with the others", async () => {
    const broken = predictorOf("main", "", {
      componentSpecs: [
        {
          spec: {
            containers: [
              { name: "model", image: "i", command: ["/bin/sh", "-c", "echo alas; exit 3"] },
            ],
          },
        },
      ],
    });
    const file = bench.write("a.json", {
      kind: "List",
      items: [deploymentOf("bad", [broken]), deploymentOf("good", [predictorOf("main", "v1")])],
    });
    const up = start([file], { clock: hastyClock });
    const address = await up.ready("good");
    await up.line(
      /^error: bad did not start: bad\/main\/model exited with code 3, 5 times in a row$/,
    );
    expect(await up.line(/^ {2}\|/)).toBe("  | alas");
    const response = await fetch(address.replace("/good", "/bad/x"));
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: expect.stringContaining("bad/main/model exited with code 3") },
    ]);
    expect(await ask(address)).toMatchObject({ version: "v1" });
    expect(await up.stop()).toBe(0);
  });

  it("exits with 1 when nothing could be started", async () => {
    const broken = predictorOf("main", "", {
      componentSpecs: [
        { spec: { containers: [{ name: "model", image: "i", command: ["false"] }] } },
      ],
    });
    const up = start([bench.write("a.json", deploymentOf("bad", [broken]))], { clock: hastyClock });
    expect(await up.exited).toBe(1);
  });

  it("starts nothing when a manifest has faults, and tells all of them", async () => {
    const faulty = predictorOf("main", "", {
      graph: {
        name: "a",
        children: [
          { name: "b" },
          { name: "c" },
          { name: "d", implementation: "SKLEARN_SERVER", modelUri: "gs://m" },
        ],
      },
      componentSpecs: [
        {
          spec: {
            initContainers: [{ name: "init", image: "i:9" }],
            containers: [
              { name: "a", image: "i:1" },
              { name: "b", image: "i", command: ["no-such-program-here"] },
              {
                name: "c",
                image: "i",
                command: ["true"],
                env: [{ name: "S", valueFrom: { secretKeyRef: { name: "sec", key: "k" } } }],
                envFrom: [{ configMapRef: { name: "conf" } }],
              },
            ],
          },
        },
      ],
    });
    const up = start([
      bench.write("a.json", deploymentOf("one", [faulty])),
      bench.write("b.json", deploymentOf("two", [predictorOf("main", "v1")])),
      bench.write("c.json", deploymentOf("two", [predictorOf("main", "v1")])),
      bench.write("d.yaml", "a: [1"),
      bench.path("missing.yaml"),
    ]);
    expect(await up.exited).toBe(1);
    const spec = "spec.predictors[0].componentSpecs[0].spec";
    const errors = up.lines.filter((line) => line.startsWith("error: "));
    for (const part of [
      `one: ${spec}.initContainers[0]: image "i:9"`,
      `one: ${spec}.containers[0]: image "i:1"`,
      "one: spec.predictors[0].graph.children[2].implementation: SKLEARN_SERVER",
      `one: ${spec}.containers[2].env[0].valueFrom: there is no Secret "sec"`,
      `one: ${spec}.containers[2].envFrom[0]: there is no ConfigMap "conf"`,
      "metadata.name: default/two is in",
      "d.yaml:1:",
      "missing.yaml: does not exist",
    ]) {
      expect(errors.filter((line) => line.includes(part))).toHaveLength(1);
    }
  });

  it("names a command that does not exist, before anything starts", async () => {
    const predictor = predictorOf("main", "", {
      componentSpecs: [
        { spec: { containers: [{ name: "model", image: "i", command: ["./no-such"] }] } },
      ],
    });
    const up = start([bench.write("a.json", deploymentOf("one", [predictor]))]);
    expect(await up.exited).toBe(1);
    await up.line(/^error: .*containers\[0\]\.command\[0\]: "\.\/no-such" is no program in /);
  });

  it("says how to choose another port when its own is in use", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    const up = start([bench.write("a.json", deploymentOf("one", [predictorOf("m", "1")]))], {
      port,
    });
    expect(await up.exited).toBe(1);
    await up.line(new RegExp(`^error: port ${port} is in use; choose another with --port`));
    await new Promise((resolve) => server.close(resolve));
  });

  it("keeps a declared port, and says when it is in use", async () => {
    const port = await makePorts(Math.random).take();
    const containers = [
      {
        name: "model",
        image: "i",
        command: nodeCommand("v1", "PORT"),
        env: [{ name: "PORT", value: String(port) }],
        ports: [{ name: "http", containerPort: port }],
      },
    ];
    const file = bench.write(
      "a.json",
      deploymentOf("one", [
        predictorOf("main", "", { componentSpecs: [{ spec: { containers } }] }),
      ]),
    );
    const up = start([file]);
    expect(await ask(await up.ready("one"))).toMatchObject({ version: "v1" });
    const second = start([file]);
    expect(await second.exited).toBe(1);
    await second.line(
      new RegExp(
        `^error: one did not start: .*port ${port}, which container "model" declares, is in use`,
      ),
    );
  });
});
