/**
 * Prints what the image holds, from the lockfile, in CycloneDX:
 *
 *     node image/sbom.ts
 *
 * npm makes it of all packages, and those that are not in the image are left out here: asked to do
 * that itself, npm leaves out what the project needs both to develop and, by way of another
 * package, to run.
 */
import { execFileSync } from "node:child_process";
import { project } from "./build.ts";
import { productionPackages } from "./packages.ts";

type Component = { readonly "bom-ref": string };
type Dependency = { readonly ref: string; readonly dependsOn?: readonly string[] };
type Bom = {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
};

const command = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];

const all: Bom = JSON.parse(
  execFileSync("npm", command, {
    ...{ cwd: project, encoding: "utf8", maxBuffer: 1 << 26 },
    stdio: ["ignore", "pipe", "inherit"],
  }),
);
const held = new Set(productionPackages(project).map(({ id }) => id));
const components = all.components.filter((one) => held.has(one["bom-ref"]));
const named = new Set([all.metadata.component, ...components].map((one) => one["bom-ref"]));
const dependencies = all.dependencies
  .filter(({ ref }) => named.has(ref))
  .map(({ ref, dependsOn = [] }) => ({
    ref,
    dependsOn: dependsOn.filter((one) => named.has(one)),
  }));
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
