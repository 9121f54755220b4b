import { readFileSync } from "node:fs";
import { loadAll, YAML11_SCHEMA } from "js-yaml";
import { readPlan } from "../api/plan.ts";
import type { PlanOrFaults } from "./config.ts";

/** The plan of one predictor out of a manifest. Source: engine contract, 1.1 (`--file`). */
export const planFromFile = (file: string, predictor: string): PlanOrFaults => {
  if (!file.endsWith("yaml")) return fault(`--file is "${file}"; its name must end in yaml`);
  try {
    const manifests = loadAll(readFileSync(file, "utf8"), { schema: YAML11_SCHEMA });
    for (const manifest of manifests) {
      const found = findPredictor(manifest, predictor);
      if (found === undefined) continue;
      const plan = readPlan(found, `predictor ${predictor}`);
      return plan.ok
        ? { ok: true, plan: plan.value }
        : {
            ok: false,
            faults: plan.issues.map(({ path, message }) => `${file}: ${path} ${message}`),
          };
    }
    return fault(`${file} has no predictor called "${predictor}"`);
  } catch (error) {
    return fault(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const fault = (message: string): PlanOrFaults => ({ ok: false, faults: [message] });

type Named = { readonly name?: unknown };

const findPredictor = (manifest: unknown, name: string): unknown => {
  const { spec } = (manifest ?? {}) as { spec?: { predictors?: unknown } }; // unknown YAML, looked at with care
  const predictors = Array.isArray(spec?.predictors) ? spec.predictors : [];
  return predictors.find((one: Named | null) => one?.name === name);
};
