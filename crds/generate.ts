/** Writes the CustomResourceDefinition beside this file, and its copy in the chart: `npm run crds`. */
import { writeFileSync } from "node:fs";
import { crdYaml } from "../api/crd.ts";

for (const path of [
  "seldondeployments.yaml",
  "../charts/espalier-operator/files/seldondeployments.yaml",
]) {
  writeFileSync(new URL(path, import.meta.url), crdYaml());
}
