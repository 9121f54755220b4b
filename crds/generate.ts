/** Writes the CustomResourceDefinition beside this file: `npm run crds`. */
import { writeFileSync } from "node:fs";
import { crdYaml } from "../api/crd.ts";

writeFileSync(new URL("seldondeployments.yaml", import.meta.url), crdYaml());
