/** Builds the images of this clone, with no registry and no container tool, as one archive. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../api/version.ts";
import { environment, images, user, workFolder } from "./images.ts";
import { type Layer, type Layout, makeLayout } from "./oci.ts";
import { writePackages, writeProduct, writeRuntime } from "./root-fs.ts";

export const project = fileURLToPath(new URL("..", import.meta.url));

export type BuildOptions = {
  /** Of the archive. */
  readonly path: string;
  readonly compress: boolean;
  /** Puts more images into the archive, made on top of the product's layers. */
  readonly more?: (layout: Layout, layers: readonly Layer[]) => Promise<void>;
};

export const labels = {
  "org.opencontainers.image.title": "Espalier",
  "org.opencontainers.image.version": version,
  "org.opencontainers.image.licenses": "Apache-2.0",
} as const;

/** Of every image that is made of our layers. */
export const common = {
  tag: version,
  user: `${user}:${user}`,
  workFolder,
  env: environment,
  labels,
};

const steps: readonly ((into: string) => void)[] = [
  (into) => writeRuntime(into, { libraries: true }),
  (into) => writePackages(into, project),
  (into) => writeProduct(into, project),
];

export const buildImages = async ({ path, compress, more }: BuildOptions): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-image-"));
  try {
    const layout = makeLayout({ folder: join(folder, "layout"), compress });
    const layers: Layer[] = [];
    for (const [index, write] of steps.entries()) {
      const into = join(folder, String(index));
      mkdirSync(into);
      write(into);
      layers.push(await layout.addLayer(into));
    }
    for (const { name, entrypoint } of Object.values(images)) {
      layout.addImage({ ...common, name, entrypoint, layers });
    }
    await more?.(layout, layers);
    layout.writeArchive(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
