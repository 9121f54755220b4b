/** What docs/webhook.md shows, for the tests that hold it to the code and to a real API server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readYaml } from "../../api/yaml.ts";
import { project } from "../local/harness.ts";

export const page = readFileSync(join(project, "docs/webhook.md"), "utf8");

const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, block = ""]) => block,
  );

type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
};
const manifests = (text: string) => readYaml(text) as readonly Manifest[]; // as: written for Kubernetes

const [first = "", ...rest] = blocks("yaml");

/** The deployment that is refused. */
export const [example] = manifests(first);

/** What kubectl prints about it. */
export const printed = (blocks("console")[0] ?? "").replace(/^\$.*\n/, "");

/** The roles, of an operator in this namespace. */
export const roles = (namespace: string): readonly Manifest[] =>
  rest.flatMap((text) => manifests(text.replaceAll("seldon-system", namespace)));
