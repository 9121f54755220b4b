import { describe, expect, it } from "@jest/globals";
import { main } from "../../bin/migrate.ts";

const manifest = (name: string, graph: string): string =>
  `{apiVersion: machinelearning.seldon.io/v1, kind: SeldonDeployment, metadata: {name: ${name}}, spec: {predictors: [{name: p, graph: ${graph}}]}}`;
const good = manifest("good", "{name: m, implementation: SIMPLE_MODEL}");
const bad = manifest("bad", "{name: nobody}");

const run = async (argv: readonly string[], input = "") => {
  let out = "";
  let err = "";
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    stdin: (async function* () {
      yield input;
    })(),
    cwd: () => "/",
  };
  return { code: await main(argv, io), out, err };
};

describe("espalier migrate", () => {
  it.each([
    { name: "one that is well", input: good, code: 0, verdicts: ["takeover"] },
    {
      name: "several documents",
      input: `${bad}\n---\n${good}`,
      code: 1,
      verdicts: ["blocked", "takeover"],
    },
    {
      name: "a list",
      input: `{apiVersion: v1, kind: List, items: [${good}, ${bad}]}`,
      code: 1,
      verdicts: ["blocked", "takeover"],
    },
  ])("judges $name", async ({ input, code, verdicts }) => {
    const ran = await run(["-o", "json", "-"], input);
    const { deployments } = JSON.parse(ran.out);
    expect([ran.code, deployments.map((one: { verdict: string }) => one.verdict)]).toEqual([
      code,
      verdicts,
    ]);
  });

  it.each([
    { name: "an unknown flag", argv: ["--wite"], code: 2 },
    { name: "an unknown format", argv: ["-o", "xml"], code: 2 },
    { name: "a file that is not there", argv: ["/nowhere.yaml"], code: 1 },
    { name: "a kubeconfig that is not there", argv: ["--kubeconfig", "/nowhere"], code: 1 },
    { name: "nothing to judge", argv: ["-"], code: 1 },
  ])("says what is wrong with $name", async ({ argv, code }) => {
    const ran = await run(argv, "kind: ConfigMap\napiVersion: v1\n");
    expect([ran.code, ran.out]).toEqual([code, ""]);
    expect(ran.err).not.toBe("");
  });
});
