import { renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makePorts } from "../../local/ports.ts";
import { gone, isRunning } from "./fakes.ts";
import {
  type Answer,
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

/** Saves as editors do: beside, then over it. */
const save = (name: string, content: string | object): void => {
  bench.write(`${name}.tmp`, content);
  renameSync(bench.path(`${name}.tmp`), bench.path(name));
};

/** Asks again and again, several at once, until told to end; answers everything it got. */
const askOn = (address: string, body: object = {}) => {
  let isOver = false;
  const answers: Answer[] = [];
  const failures: unknown[] = [];
  const waiting = new Set<(answer: Answer) => void>();
  const workers = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      try {
        const answer = await ask(address, body);
        answers.push(answer);
        for (const look of waiting) look(answer);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  return {
    /** Resolves with the next answer of that version. */
    saw: (version: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (answer: Answer): void => {
          if (answer.version !== version) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      }),
    end: async () => {
      isOver = true;
      await Promise.all(workers);
      return { answers, failures };
    },
  };
};

const one = (version: string): object => deploymentOf("one", [predictorOf("main", version)]);

describe("a saved file", () => {
  it("rolls over without losing a request", async () => {
    const up = start([bench.write("a.json", one("v1"))]);
    const address = await up.ready("one");
    const first = await ask(address);
    const load = askOn(address, { wait: 20 });
    await load.saw("v1");
    for (const version of ["v2", "v3"]) {
      const serving = up.nextLine(/^one serves its new version \(started: main\)$/);
      save("a.json", one(version));
      await serving;
      expect(await ask(address)).toMatchObject({ version });
      await load.saw(version);
    }
    const { answers, failures } = await load.end();
    expect(failures).toEqual([]);
    expect(answers.length).toBeGreaterThan(0);
    await gone(first.pid);
  });

  it("lets a long request end on the version that took it", async () => {
    const up = start([bench.write("a.json", one("v1"))]);
    const address = await up.ready("one");
    const long = ask(address, { wait: 3000 });
    const serving = up.nextLine(/serves its new version/);
    save("a.json", one("v2"));
    await serving;
    expect(await ask(address)).toMatchObject({ version: "v2" });
    expect(await long).toMatchObject({ version: "v1" });
  });

  it("starts only the predictors that changed", async () => {
    const both = (b: string, traffic: number): object =>
      deploymentOf("one", [
        predictorOf("a", "a1", { traffic }),
        predictorOf("b", b, { traffic: 100 - traffic }),
      ]);
    let draw = 0;
    const up = start([bench.write("a.json", both("b1", 50))], { random: () => draw });
    const address = await up.ready("one");
    const a = await ask(address);
    const changed = up.nextLine(/^one serves its new version \(started: b\)$/);
    save("a.json", both("b2", 50));
    await changed;
    expect(await ask(address)).toEqual(a);
    draw = 0.51;
    const b = await ask(address);
    expect(b.version).toBe("b2");

    const weighed = up.nextLine(/^one serves its new version \(same processes\)$/);
    save("a.json", both("b2", 80));
    await weighed;
    expect(await ask(address)).toEqual(a);
    draw = 0.81;
    expect(await ask(address)).toEqual(b);
  });

  it("starts nothing when only its layout changed", async () => {
    const up = start([bench.write("a.json", one("v1"))]);
    const address = await up.ready("one");
    const before = await ask(address);
    const other = up.nextLine(/^two is ready/);
    save("a.json", {
      kind: "List",
      items: [one("v1"), deploymentOf("two", [predictorOf("main", "v1")])],
    });
    await other;
    expect(await ask(address)).toEqual(before);
    expect(up.lines.filter((line) => /serves its new version/.test(line))).toEqual([]);
  });

  it("changes nothing while it has faults", async () => {
    const up = start([bench.write("a.json", one("v1"))]);
    const address = await up.ready("one");
    const before = await ask(address);
    const told = up.nextLine(/a\.json was saved with faults; what runs stays as it is$/);
    save("a.json", "kind: [");
    await told;
    await up.line(/^error: .*a\.json:1:\d+: /);
    expect(await ask(address)).toEqual(before);

    const mended = up.nextLine(/^one serves its new version/);
    save("a.json", one("v2"));
    await mended;
    expect(await ask(address)).toMatchObject({ version: "v2" });
  });

  it("leaves the old version serving when the new one does not start", async () => {
    const up = start([bench.write("a.json", one("v1"))], { clock: hastyClock });
    const address = await up.ready("one");
    const before = await ask(address);
    const containers = [
      { name: "model", image: "i", command: ["/bin/sh", "-c", "echo no; exit 4"] },
    ];
    const told = up.nextLine(/^error: one: the new version did not start; the old one serves on: /);
    save(
      "a.json",
      deploymentOf("one", [
        predictorOf("main", "", { componentSpecs: [{ spec: { containers } }] }),
      ]),
    );
    expect(await told).toContain("one/main/model exited with code 4");
    expect(await ask(address)).toEqual(before);
  });

  it("gives up a version that is still starting for a newer one", async () => {
    const up = start([bench.write("a.json", one("v1"))]);
    const address = await up.ready("one");
    const silent = [
      { name: "model", image: "i", command: ["/bin/sh", "-c", "echo $$$$ waits; exec sleep 60"] },
    ];
    const waits = up.nextLine(/\d+ waits$/);
    save(
      "a.json",
      deploymentOf("one", [
        predictorOf("main", "", { componentSpecs: [{ spec: { containers: silent } }] }),
      ]),
    );
    const pid = Number(/(\d+) waits/.exec(await waits)?.[1]);
    const serving = up.nextLine(/^one serves its new version/);
    save("a.json", one("v3"));
    await serving;
    await gone(pid);
    expect(await ask(address)).toMatchObject({ version: "v3" });
  });

  it("stops a deployment that is gone from it", async () => {
    const two = deploymentOf("two", [predictorOf("main", "v1")]);
    const up = start([bench.write("a.json", { kind: "List", items: [one("v1"), two] })]);
    const address = await up.ready("two");
    const { pid } = await ask(address);
    await up.ready("one");
    const told = up.nextLine(/^default\/two is gone from its file; it stops$/);
    save("a.json", one("v1"));
    await told;
    expect((await fetch(`${address}/x`)).status).toBe(404);
    await gone(pid);
  });

  it("gives another try to a deployment that did not start", async () => {
    const failing = predictorOf("main", "", {
      componentSpecs: [
        { spec: { containers: [{ name: "model", image: "i", command: ["false"] }] } },
      ],
    });
    bench.write("a.json", deploymentOf("bad", [failing]));
    const up = start([bench.path("a.json"), bench.write("b.json", one("v1"))], {
      clock: hastyClock,
    });
    await up.ready("one");
    await up.line(/^error: bad did not start/);
    save("a.json", deploymentOf("bad", [predictorOf("main", "v2")]));
    expect(await ask(await up.ready("bad"))).toMatchObject({ version: "v2" });
  });

  it("pauses a predictor whose port is declared", async () => {
    const port = await makePorts(Math.random).take();
    const fixed = (version: string): object => {
      const container = {
        name: "model",
        image: "i",
        command: nodeCommand(version),
        ports: [{ name: "http", containerPort: port }],
      };
      return deploymentOf("one", [
        predictorOf("main", "", { componentSpecs: [{ spec: { containers: [container] } }] }),
      ]);
    };
    const up = start([bench.write("a.json", fixed("v1"))]);
    const address = await up.ready("one");
    const first = await ask(address);
    const serving = up.nextLine(/^one serves its new version/);
    save("a.json", fixed("v2"));
    await up.line(/^one\/main stops before its new version starts/);
    await serving;
    expect(await ask(address)).toMatchObject({ version: "v2" });
    expect(isRunning(first.pid)).toBe(false);
  });
});
