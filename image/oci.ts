/** Writes archives of images without a container tool. Source: OCI Image Format Specification 1.1. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

export type Layer = {
  readonly digest: string;
  /** Of what it is before compression. */
  readonly diffId: string;
  readonly size: number;
  readonly mediaType: string;
};

export type ImageConfig = {
  readonly name: string;
  readonly tag: string;
  readonly layers: readonly Layer[];
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly workFolder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
};

/** A folder laid out as an image, which becomes an archive. */
export type Layout = {
  /** Takes the files of a folder in, all of them root's; the same files have the same digest. */
  readonly addLayer: (folder: string) => Promise<Layer>;
  readonly addImage: (image: ImageConfig) => void;
  readonly writeArchive: (path: string) => void;
};

export type LayoutOptions = {
  /** An empty folder. */
  readonly folder: string;
  readonly compress: boolean;
};

const layerType = "application/vnd.oci.image.layer.v1.tar";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Names of processors. Source: Go's GOARCH. */
const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "amd64",
  arm64: "arm64",
};

export const architecture = (): string => {
  const known = architectures[process.arch];
  if (known !== undefined) return known;
  throw new Error(`images are for amd64 and arm64; this machine is ${process.arch}`);
};

export const makeLayout = ({ folder, compress }: LayoutOptions): Layout => {
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const manifests: object[] = [];
  const addJson = (value: object, mediaType: string): object => {
    const bytes = JSON.stringify(value);
    const hash = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(bytes) };
  };
  const addLayer = async (from: string): Promise<Layer> => {
    const tar = join(folder, "layer.tar");
    archive(from, tar);
    const diffId = `sha256:${await hashOf(tar)}`;
    const packed = join(folder, "layer.tar.gz");
    if (compress) await pipeline(createReadStream(tar), createGzip(), createWriteStream(packed));
    else renameSync(tar, packed);
    const hash = await hashOf(packed);
    const { size } = statSync(packed);
    renameSync(packed, join(blobs, hash));
    const mediaType = compress ? `${layerType}+gzip` : layerType;
    return { digest: `sha256:${hash}`, diffId, size, mediaType };
  };
  const addImage = (image: ImageConfig): void => {
    const config = addJson(configOf(image), "application/vnd.oci.image.config.v1+json");
    const layers = image.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
    const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers };
    const name = `${image.name}:${image.tag}`;
    manifests.push({
      ...addJson(manifest, manifestType),
      platform: { os: "linux", architecture: architecture() },
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name,
      },
    });
  };
  const writeArchive = (path: string): void => {
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    archive(folder, path, "oci-layout", "index.json", "blobs");
  };
  return { addLayer, addImage, writeArchive };
};

const configOf = ({ layers, entrypoint, user, workFolder, env, labels }: ImageConfig): object => ({
  architecture: architecture(),
  os: "linux",
  config: {
    User: user,
    WorkingDir: workFolder,
    Entrypoint: entrypoint,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: labels,
  },
  rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
});

/** With GNU tar: no times, no names of users, in order. */
const archive = (folder: string, into: string, ...names: readonly string[]): void => {
  execFileSync("tar", [
    ...["--create", "--file", into, "--directory", folder, "--sort=name", "--format=posix"],
    ...["--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"],
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
    ...(names.length === 0 ? ["."] : names),
  ]);
};

const hashOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
};
