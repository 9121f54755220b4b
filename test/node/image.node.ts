import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { version } from "../../api/version.ts";
import { images, user } from "../../image/images.ts";
import { makeLayout } from "../../image/oci.ts";
import { productionPackages } from "../../image/packages.ts";
import { writePackages } from "../../image/root-fs.ts";
import { textAt } from "../../operator/live.ts";
import type { Node } from "./support/node.ts";
import { sharedNode } from "./support/shared.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const megabyte = 1_000_000;

type Descriptor = { readonly digest: string; readonly size: number };
type Config = {
  readonly config: { readonly User: string; readonly Entrypoint: readonly string[] };
  readonly rootfs: { readonly diff_ids: readonly string[] };
};

let node: Node;
let folder: string;
beforeAll(() => {
  node = sharedNode();
  folder = mkdtempSync(join(node.site.home, "image-"));
  execFileSync("tar", ["--extract", "--file", node.site.images, "--directory", folder]);
});
afterAll(() => {
  node?.close();
  rmSync(folder, { recursive: true });
});

const blobPath = ({ digest }: Descriptor): string =>
  join(folder, "blobs/sha256", digest.replace("sha256:", ""));

const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8"));

/** An image of the archive, by its name and tag. */
const open = (
  name: string,
): { readonly config: Config; readonly layers: readonly Descriptor[] } => {
  const { manifests } = read<{
    manifests: (Descriptor & { annotations: Record<string, string> })[];
  }>(join(folder, "index.json"));
  const found = manifests.find((one) => one.annotations["io.containerd.image.name"] === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  const manifest = read<{ config: Descriptor; layers: Descriptor[] }>(blobPath(found));
  return { config: read<Config>(blobPath(manifest.config)), layers: manifest.layers };
};

const product = (): ReturnType<typeof open> => open(`${images.espalier.name}:${version}`);

const filesOf = (layer: Descriptor): readonly string[] =>
  execFileSync("tar", ["--list", "--file", blobPath(layer)], {
    ...{ encoding: "utf8", maxBuffer: 1 << 26 },
  }).split("\n");

describe("the image", () => {
  it("has less than 200 MB, unpacked", () => {
    const bytes = product().layers.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeLessThan(200 * megabyte);
    process.stdout.write(`node: the image has ${Math.round(bytes / megabyte)} MB\n`);
  });

  it("runs as nobody in particular, with an entry point for each purpose", () => {
    for (const { name, entrypoint } of Object.values(images)) {
      const { config } = open(`${name}:${version}`).config;
      expect(config).toMatchObject({ User: `${user}:${user}`, Entrypoint: entrypoint });
    }
  });

  it("shares its layers", () => {
    const { layers } = open(`${images.storageInitializer.name}:${version}`);
    expect(layers).toEqual(product().layers);
  });

  it("holds no dependency of development, no types and no sources", () => {
    const files = product().layers.flatMap(filesOf);
    const packages = new Set(
      files.flatMap(
        (file) =>
          /^\.\/opt\/espalier\/(.*node_modules\/(?:@[^/]+\/)?[^/@]+)\//.exec(file)?.[1] ?? [],
      ),
    );
    const wanted = productionPackages(project).map(({ path }) => path);
    expect([...packages].toSorted()).toEqual(wanted.toSorted());
    expect(files.filter((file) => /\.(ts|map)$/.test(file))).toEqual([]);
  });

  it("has the same layer for the same files", async () => {
    const files = join(folder, "files");
    mkdirSync(files);
    writePackages(files, project);
    const layout = makeLayout({ folder: join(folder, "again"), compress: false });
    const { diffId } = await layout.addLayer(files);
    expect(product().config.rootfs.diff_ids).toContain(diffId);
  });

  it("runs with nothing to write to and no rights", async () => {
    const namespace = await node.namespace({ "pod-security.kubernetes.io/enforce": "restricted" });
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "version", namespace } };
    await node.api.create({
      ...pod,
      spec: {
        restartPolicy: "Never",
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            ...{ name: "main", image: `espalier/espalier:${version}`, imagePullPolicy: "Never" },
            command: ["espalier", "--version"],
            securityContext: {
              ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      },
    });
    const target = { apiVersion: "v1", kind: "Pod", namespace, name: "version" };
    const isOver = (phase: string): boolean => phase === "Succeeded" || phase === "Failed";
    const over = await node.api.until(
      target,
      (one) => isOver(textAt(one, "status", "phase")),
      60_000,
    );
    const { stdout } = await node.kubectl(["logs", "--namespace", namespace, "version"]);
    expect({ phase: textAt(over, "status", "phase"), stdout }).toEqual({
      ...{ phase: "Succeeded", stdout: `${version}\n` },
    });
  });
});
