/** CRDs of add-ons, as their makers publish them: files of their Go modules. */

import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Env, keyed } from "../../peers/environment/cache.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must } from "../../peers/environment/run.ts";
import { binariesFolder } from "./binaries.ts";
import { mustHaveGo } from "./build.ts";

export type Addon = keyof typeof addons;

type Module = {
  /** Go module and version. */
  readonly module: string;
  /** Of the module's content, as in go.sum. */
  readonly sum: string;
  readonly files: readonly string[];
  /** Those of the files' CRDs that Espalier or its users' routes have to do with. */
  readonly crds: readonly string[];
};

const gatewayKinds = [
  ...["gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"],
  "backendtlspolicies",
];

export const addons = {
  "gateway-api": {
    module: "sigs.k8s.io/gateway-api@v1.6.3",
    sum: "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
    files: gatewayKinds.map((kind) => `config/crd/standard/gateway.networking.k8s.io_${kind}.yaml`),
    crds: gatewayKinds.map((kind) => `${kind}.gateway.networking.k8s.io`),
  },
  istio: {
    module: "istio.io/api@v1.31.1",
    sum: "h1:5Yb5ihcz4YQsCkciusK7DnFpBMwRB6EFWeUKH1Atuyk=",
    files: ["kubernetes/customresourcedefinitions.gen.yaml"],
    crds: ["destinationrules", "gateways", "virtualservices"].map(
      (kind) => `${kind}.networking.istio.io`,
    ),
  },
  keda: {
    module: "github.com/kedacore/keda/v2@v2.21.0",
    sum: "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
    files: ["config/crd/bases/keda.sh_scaledobjects.yaml"],
    crds: ["scaledobjects.keda.sh"],
  },
  emissary: {
    module: "github.com/emissary-ingress/emissary/v3@v3.10.0",
    sum: "h1:fxK8OBUxN5bLJ3oq0az1iU9Lz+WEnWBKUwTvdita3rg=",
    files: ["manifests/emissary/emissary-crds.yaml.in"],
    crds: ["hosts", "mappings", "tlscontexts"].map((kind) => `${kind}.getambassador.io`),
  },
} as const satisfies Readonly<Record<string, Module>>;

export const addonNames = Object.keys(addons) as readonly Addon[]; // as: keys of our own constant

const downloadLimitMs = 10 * 60_000;

const nameOf = (addon: Addon): string => keyed(addon, addons[addon].sum, ...addons[addon].files);

/** Its files, once they are downloaded. */
export const addonFiles = (addon: Addon, env: Env): readonly string[] => {
  const folder = join(binariesFolder(env), nameOf(addon));
  return addons[addon].files.map((file) => join(folder, basename(file)));
};

/** Downloads the files unless they are there, and answers their folder. */
export const prepareAddon = (
  addon: Addon,
  env: Env,
  say: (line: string) => void,
): Promise<string> => {
  const { module, sum, files } = addons[addon];
  return makeOnce({
    folder: binariesFolder(env),
    name: nameOf(addon),
    say,
    works: async (path) => files.every((file) => existsSync(join(path, basename(file)))),
    make: async (into) => {
      await mustHaveGo(env);
      say(`downloading ${module}`);
      // Outside of our module: what add-ons depend on is no concern of the build.
      const command = ["go", "-C", tmpdir(), "mod", "download", "-json", module];
      const output = await must(command, { ...env, GOWORK: "off", GOFLAGS: "" }, downloadLimitMs);
      const told: { Dir: string; Sum: string } = JSON.parse(/\{.*\}/s.exec(output)?.[0] ?? "{}");
      if (told.Sum !== sum) throw new Error(`${module} has sum ${told.Sum}, not ${sum}`);
      await mkdir(into, { recursive: true });
      for (const file of files) await copyFile(join(told.Dir, file), join(into, basename(file)));
    },
  });
};
