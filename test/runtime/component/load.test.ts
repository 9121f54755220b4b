import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { loadModel } from "../../../runtime/component/load.ts";
import { locate } from "../../../runtime/component/locate.ts";
import type { Model } from "../../../runtime/component/user.ts";

describe("locate", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-locate-"));
    mkdirSync(join(folder, "models"));
    for (const file of ["model.ts", "other.js", "Wine.mjs", "v1.2.ts", "models/deep.cts"]) {
      writeFileSync(join(folder, file), "");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    { module: "model.ts", file: "model.ts", className: undefined },
    { module: "model", file: "model.ts", className: undefined },
    { module: "model.ts:Wine", file: "model.ts", className: "Wine" },
    { module: "model:Wine", file: "model.ts", className: "Wine" },
    { module: "model.Wine", file: "model.ts", className: "Wine" },
    { module: "model.ts.Wine", file: "model.ts", className: "Wine" },
    { module: "Wine", file: "Wine.mjs", className: undefined },
    { module: "./other.js", file: "other.js", className: undefined },
    { module: "v1.2", file: "v1.2.ts", className: undefined },
    { module: "models/deep.Net", file: "deep.cts", className: "Net" },
  ])("$module", ({ module, file, className }) => {
    const located = locate(module, folder);
    expect(located.ok && { ...located.value, file: basename(located.value.file) }).toEqual({
      file,
      className,
    });
  });

  it.each([
    "nothing.ts",
    "models",
    "no/such.ts",
    "model.ts:",
    "model.ts:not-a-name",
    "",
    ".",
    "models/",
    "./",
  ])("finds nothing at %j", (module) => {
    expect(locate(module, folder).ok).toBe(false);
  });
});

describe("loadModel", () => {
  class Doubler {
    readonly by: number;
    constructor({ by = 2 }: { readonly by?: number }) {
      this.by = by;
    }
    predict(X: number): number {
      return X * this.by;
    }
  }
  class Tripler extends Doubler {
    constructor() {
      super({ by: 3 });
    }
  }
  const load = (exports: Record<string, unknown>, className?: string) =>
    loadModel({ file: "/models/my-model.ts", className }, { by: 5 }, async () => exports);

  const rows = [
    { name: "the default export", exports: { default: Doubler, Tripler }, answer: 10 },
    {
      name: "the one that is named",
      exports: { default: Doubler, Tripler },
      className: "Tripler",
      answer: 6,
    },
    { name: "the one named as the file", exports: { Doubler, MyModel: Tripler }, answer: 6 },
    { name: "the only one", exports: { Doubler, version: "1", limits: { a: 1 } }, answer: 10 },
    { name: "an instance", exports: { model: new Tripler() }, answer: 6 },
    { name: "a function that makes one", exports: { default: () => new Tripler() }, answer: 6 },
    {
      name: "an async function that makes one",
      exports: { make: async (p: { by: number }) => new Doubler(p) },
      answer: 10,
    },
    {
      name: "an old-style constructor",
      exports: {
        default: function (this: { predict: unknown }) {
          this.predict = () => 1;
        },
      },
      answer: 1,
    },
    {
      name: "a module of functions",
      exports: { predict: (X: number) => X, tags: () => ({}) },
      answer: 2,
    },
  ];
  it.each(rows)("serves $name", async ({ exports, className, answer }) => {
    const loaded = await load(exports, className);
    const model: Model = loaded.ok ? loaded.value : {};
    expect(model.predict?.(2, [], {})).toBe(answer);
    expect(loaded.warnings).toEqual([]);
  });

  it.each([
    { name: "no exports", exports: {} },
    { name: "no class", exports: { version: "1" } },
    { name: "several classes", exports: { Doubler, Tripler } },
    { name: "a name that is not exported", exports: { Doubler }, className: "Wine" },
    { name: "a name that objects have", exports: { Doubler }, className: "toString" },
    { name: "an export that is neither", exports: { Wine: 1 }, className: "Wine" },
    { name: "a class without methods", exports: { Empty: class {} } },
    {
      name: "a class with Python's names alone",
      exports: {
        Snake: class {
          transform_input() {}
        },
      },
    },
    {
      name: "a constructor that throws",
      exports: {
        Bad: class {
          constructor() {
            throw new Error("boom");
          }
          predict() {}
        },
      },
    },
    {
      name: "a function that rejects",
      exports: {
        default: async () => {
          throw new Error("boom");
        },
      },
    },
    { name: "a function that makes nothing", exports: { default: () => undefined } },
  ])("refuses $name", async ({ exports, className }) => {
    const loaded = await load(exports, className);
    expect(loaded.ok ? [] : loaded.issues.map(({ path }) => path)).toEqual(["/models/my-model.ts"]);
  });

  it("warns of methods that look like ours under another name", async () => {
    const loaded = await load({
      default: {
        predict: () => 1,
        init_metadata: () => ({}),
        send_feedback: () => {},
        class_names: () => [],
      },
    });
    expect(loaded.ok && loaded.warnings.map(({ message }) => message)).toEqual([
      "method send_feedback is not called: name it sendFeedback",
      "method class_names is not called: name it classNames",
      "method init_metadata is not called: name it metadata",
    ]);
  });

  it("tells why a file cannot be imported", async () => {
    const loaded = await loadModel({ file: "/m.ts", className: undefined }, {}, async () => {
      throw Object.assign(new SyntaxError("no enums"), {
        code: "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
      });
    });
    expect(loaded.ok ? "" : loaded.issues[0]?.message).toContain("enums");
  });
});
