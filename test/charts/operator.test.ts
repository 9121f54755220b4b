import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { crdYaml } from "../../api/crd.ts";
import { readSeldonConfig } from "../../api/seldon-config.ts";
import { defaultSettings } from "../../api/settings.ts";
import { version } from "../../api/version.ts";
import { readYaml } from "../../api/yaml.ts";
import { operatorFlags } from "../../operator/flags.ts";
import { variables } from "../../operator/variables.ts";
import { project } from "../local/harness.ts";

const read = (path: string): string =>
  readFileSync(join(project, "charts/espalier-operator", path), "utf8");

type Table = { readonly [key: string]: unknown };
const table = (value: unknown): Table => value as Table; // as: our own files
const [values] = readYaml(read("values.yaml")).map(table);
const schema = JSON.parse(read("values.schema.json"));

/** Every value by its path: `manager.replicas`. Objects without keys are values. */
const leaves = (value: unknown, path: string): readonly string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length
    ? Object.entries(value).flatMap(([key, one]) => leaves(one, path ? `${path}.${key}` : key))
    : [path];

const paths = leaves({ ...values, predictor_servers: {} }, "");

const templates = ["_helpers.tpl", "_env.tpl", "config.yaml", "crd.yaml", "deployment.yaml"]
  .concat(["monitors.yaml", "policies.yaml", "rbac.yaml", "service-account.yaml", "webhook.yaml"])
  .map((name) => read(`templates/${name}`))
  .join("\n");

const knownIn = (node: Table, [key = "", ...rest]: readonly string[]): unknown => {
  const found = table(table(node["properties"] ?? {})[key] ?? {});
  return rest.length === 0 || found["properties"] === undefined ? found : knownIn(found, rest);
};

describe("charts/espalier-operator", () => {
  it("has the CRD of the API", () => {
    expect(read("files/seldondeployments.yaml")).toBe(crdYaml());
  });

  it("is of this version", () => {
    expect(readYaml(read("Chart.yaml"))).toEqual([
      expect.objectContaining({ appVersion: version, kubeVersion: ">=1.30.0-0" }),
    ]);
  });

  it.each(paths)("says of what type %s is", (path) => {
    expect(knownIn(schema, path.split("."))).not.toEqual({});
  });

  it.each(paths)("does something with %s", (path) => {
    const ways = path.split(".").map((_, index, all) => all.slice(0, all.length - index).join("."));
    // Through a variable or as a whole: .Values.executor is $executor.
    const isRead = ways.some((way) =>
      [`.Values.${way}`, way.replace(/^executor\./, "$executor.")].some((one) =>
        new RegExp(`${one.replace(/[.$]/g, "\\$&")}(?![\\w.])`).test(templates),
      ),
    );
    expect(isRead).toBe(true);
  });

  it("sets variables and flags that the operator has", () => {
    const set = [...templates.matchAll(/\(list "([A-Z_]+)"/g)].map(([, name = ""]) => name);
    expect(set.length).toBeGreaterThan(30);
    expect(set.filter((name) => !Object.hasOwn(variables, name))).toEqual([]);
    const flags = [...templates.matchAll(/- --([a-z-]+)/g)].map(([, name = ""]) => name);
    expect(flags.filter((name) => !Object.hasOwn(operatorFlags, name))).toEqual([]);
  });

  it("has the settings of the operator without a seldon-config", () => {
    const { predictor_servers, storageInitializer, explainer, credentials } = values ?? {};
    const data = {
      predictor_servers: JSON.stringify(predictor_servers),
      storageInitializer: JSON.stringify(storageInitializer),
      explainer: JSON.stringify(explainer),
      credentials: JSON.stringify(credentials),
    };
    expect(readSeldonConfig({ kind: "ConfigMap", data }, defaultSettings)).toMatchObject({
      ok: true,
      value: defaultSettings,
      warnings: [],
    });
  });
});
