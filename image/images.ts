/**
 * The images that are made of one root file system: they share every byte, and differ in what they
 * do when they are told nothing else.
 */
export type Image = {
  readonly name: string;
  /** What `docker build --target` calls it. */
  readonly target: string;
  readonly entrypoint: readonly string[];
};

export const root = "/opt/espalier";
export const command = "/usr/local/bin/espalier";

/** The same as that of engines in v1, so that a `runAsUser` of a manifest stays true. */
export const user = 8888;

/** Where a user's own files are put, and looked for. */
export const workFolder = "/app";

export const images = {
  /**
   * Engine, operator, model server. An engine gets its flags alone, as v1's image does; all others
   * name their command: `[espalier, operator]`, `[espalier, serve, model.ts]`.
   * Source: operator contract, 4.4.
   */
  espalier: {
    name: "docker.io/espalier/espalier",
    target: "espalier",
    entrypoint: [command, "engine"],
  },
  /** Gets an address and a folder alone. Source: operator contract, 7.4. */
  storageInitializer: {
    name: "docker.io/espalier/storage-initializer",
    target: "storage-initializer",
    entrypoint: [command, "fetch"],
  },
} as const satisfies Readonly<Record<string, Image>>;

/** What every container of them finds set. */
export const environment = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  NODE_ENV: "production",
  HOME: "/tmp",
} as const;
