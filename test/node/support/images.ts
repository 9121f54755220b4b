/** All images that pods of the tests have, in one archive. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImages, common } from "../../../image/build.ts";
import { command, images } from "../../../image/images.ts";
import type { Layer, Layout } from "../../../image/oci.ts";
import type { Programs } from "../environment/programs.ts";
import { pauseImage } from "./containerd.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Models that answer their number, as images of their users: `localhost/model:1`. */
const models = { 1: "../models/one.ts", 2: "../models/two.ts" } as const;

export const modelImage = (number: keyof typeof models): string => `localhost/model:${number}`;

/** The product as a next version, which differs in its name alone. */
export const nextVersion = `${common.tag}-next`;

export const dnsImage = "localhost/coredns:1";
export const ingressImage = "localhost/traefik:1";

const nameAndTag = (image: string): { readonly name: string; readonly tag: string } => {
  const [name = "", tag = ""] = image.split(":");
  return { name, tag };
};

/** Writes the archive into a folder, and answers its path. */
export const buildAll = async (folder: string, programs: Programs): Promise<string> => {
  const path = join(folder, "images.tar");
  const layerOf = async (layout: Layout, fill: (into: string) => void): Promise<Layer> => {
    const into = join(folder, "layer");
    mkdirSync(into);
    fill(into);
    const layer = await layout.addLayer(into);
    rmSync(into, { recursive: true });
    return layer;
  };
  const addProgram = async (layout: Layout, image: string, program: string): Promise<void> => {
    const layer = await layerOf(layout, (into) => {
      copyFileSync(program, join(into, "program"));
      chmodSync(join(into, "program"), 0o755);
    });
    const entrypoint = ["/program"];
    layout.addImage({ ...common, ...nameAndTag(image), entrypoint, layers: [layer], env: {} });
  };
  const more = async (layout: Layout, layers: readonly Layer[]): Promise<void> => {
    await addProgram(layout, pauseImage, programs.pause);
    await addProgram(layout, dnsImage, programs.coredns);
    await addProgram(layout, ingressImage, programs.traefik);
    const { name, entrypoint } = images.espalier;
    layout.addImage({ ...common, name, tag: nextVersion, entrypoint, layers });
    const serve = [command, "serve", "model.ts"];
    for (const [tag, source] of Object.entries(models)) {
      const layer = await layerOf(layout, (into) => {
        mkdirSync(join(into, common.workFolder));
        copyFileSync(file(source), join(into, common.workFolder, "model.ts"));
      });
      const model = { name: "localhost/model", tag, entrypoint: serve };
      layout.addImage({ ...common, ...model, layers: [...layers, layer] });
    }
    const layer = await layerOf(layout, (into) =>
      cpSync(file("../../../examples/minimal"), join(into, common.workFolder), { recursive: true }),
    );
    const example = { name: "docker.io/espalier-examples/minimal", tag: "0.1.0" };
    layout.addImage({ ...common, ...example, entrypoint: serve, layers: [...layers, layer] });
  };
  await buildImages({ path, compress: false, more });
  return path;
};
