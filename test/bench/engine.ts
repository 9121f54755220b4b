/** Our engine, as its command starts it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../peers/environment/run.ts";
import { cases } from "./cases.ts";
import { planOf } from "./plans.ts";
import { freePort } from "./processes.ts";
import type { Variant, VariantOptions } from "./variants.ts";

export const engineName = "espalier";
export const hopName = "one hop";

const root = fileURLToPath(new URL("../../", import.meta.url));
const executable = `${root}bin/espalier`;
const pinnedNode = `${root}node_modules/node/bin/node`;
const manifest = `${root}package.json`;

/** Compiled by `npm run build`, as the image and the published package carry it. */
const builtMain = `${root}dist/bin/main.js`;
export const builtName = "espalier, built";

export const makeEngine = (options: VariantOptions): Variant =>
  makeVariant(options, { name: engineName, command: [executable] });

/** Compiles it anew; undefined if that fails. It starts otherwise than a clone does, and serves alike. */
export const buildEngine = async (options: VariantOptions): Promise<Variant | undefined> => {
  const { code } = await run(["npm", "--prefix", root, "run", "build"], options.env, buildLimitMs);
  if (code !== 0) return undefined;
  return makeVariant(options, { name: builtName, command: [nodeCommand, builtMain] });
};

const buildLimitMs = 5 * 60_000;

/** What the executable prefers to run on. */
export const nodeCommand = existsSync(pinnedNode) ? pinnedNode : "node";

const makeVariant = (
  { env, profiles }: VariantOptions,
  { name, command }: { readonly name: string; readonly command: readonly string[] },
): Variant => {
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  const node = execFileSync(nodeCommand, ["--version"], {
    encoding: "utf8",
    env,
  }).trim();
  return {
    name,
    version: `${name} ${version} on Node ${node}`,
    livePath: "/live",
    serves: () => true,
    prepare: async (one, stub) => {
      const ports = { rest: await freePort(), grpc: await freePort() };
      const flags = {
        sdep: "bench",
        namespace: "default",
        predictor: one.id,
        listen_address: "127.0.0.1",
        http_port: ports.rest,
        grpc_port: ports.grpc,
        prometheus_path: "/prometheus",
      };
      const profiling = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` };
      return {
        port: ports[one.transport],
        ownAnswer: one.builtIn !== undefined,
        launch: {
          name: "espalier engine",
          command: [
            ...command,
            "engine",
            ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
          ],
          env: {
            ...env,
            ...(profiles === undefined ? {} : profiling),
            ENGINE_PREDICTOR: planOf(one, stub),
          },
        },
      };
    },
  };
};

/** The engine with one node outside of it: what graphs of built-in nodes are compared with. */
export const makeHop = (engine: Variant): Variant => {
  const [hop] = cases; // the plainest case of all
  return {
    name: hopName,
    version: "one hop: espalier calling 1 node",
    serves: ({ builtIn }) => builtIn !== undefined,
    prepare: (one, stub) => engine.prepare(hop ?? one, stub),
  };
};
