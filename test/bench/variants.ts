/** What is compared: our engine, and plain proxies of the same machine as a reference. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerBytes, type Case, nodePorts, planOf } from "./cases.ts";
import type { FromStub } from "./messages.ts";
import { freePort, type Launch } from "./processes.ts";

/** A kind of process that can be put before the stub. */
export type Variant = {
  readonly name: string;
  readonly version: string;
  /** Where it says that it lives, besides answering predictions. */
  readonly livePath?: string;
  /** How to start it for a case, and the port it will listen on. */
  prepare(one: Case, stub: FromStub): Promise<Prepared>;
};

export type Prepared = { readonly launch: Bare; readonly port: number };

type Bare = Pick<Launch, "name" | "command" | "env">;

export type VariantOptions = {
  readonly env: NodeJS.ProcessEnv;
  /** A folder of the run's own, for configurations. */
  readonly folder: string;
  /** Where the engine shall write CPU profiles, if it shall. */
  readonly profiles: string | undefined;
};

const executable = fileURLToPath(new URL("../../bin/espalier", import.meta.url));
/** What the executable prefers to run on. */
const pinnedNode = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
const manifest = fileURLToPath(new URL("../../package.json", import.meta.url));

export const makeEngine = ({ env, profiles }: VariantOptions): Variant => {
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  const node = execFileSync(existsSync(pinnedNode) ? pinnedNode : "node", ["--version"], {
    encoding: "utf8",
    env,
  }).trim();
  return {
    name: "espalier",
    version: `espalier ${version} on Node ${node}`,
    livePath: "/live",
    prepare: async (one, stub) => {
      const port = await freePort();
      const flags = {
        sdep: "bench",
        namespace: "default",
        predictor: one.id,
        listen_address: "127.0.0.1",
        http_port: port,
        grpc_port: await freePort(),
        prometheus_path: "/prometheus",
      };
      const profiling = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` };
      return {
        port,
        launch: {
          name: "espalier engine",
          command: [
            executable,
            "engine",
            ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
          ],
          env: {
            ...env,
            ...(profiles === undefined ? {} : profiling),
            ENGINE_PREDICTOR: planOf(one, nodePorts(one, stub)),
          },
        },
      };
    },
  };
};

/** The proxies that are installed. The first one is the reference. */
export const findProxies = (options: VariantOptions): readonly Variant[] =>
  [makeNginx(options), makeHaproxy(options)].filter((one) => one !== undefined);

/** Debian puts servers where a user's PATH does not look. */
const find = (program: string, env: NodeJS.ProcessEnv): string | undefined =>
  [...(env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"]
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** A proxy has one call for each request: to a node that answers what the whole graph would. */
const makeProxy = (
  { env, folder }: VariantOptions,
  proxy: Pick<Variant, "name" | "version"> & {
    readonly config: (port: number, target: number) => string;
    readonly command: (folder: string, file: string) => readonly string[];
  },
): Variant => ({
  name: proxy.name,
  version: proxy.version,
  prepare: async (one, stub) => {
    const port = await freePort();
    const own = join(folder, `${proxy.name}-${one.id}-${port}`);
    mkdirSync(own);
    const file = join(own, "config");
    writeFileSync(file, proxy.config(port, stub[one.answer][0] ?? 0));
    return { port, launch: { name: proxy.name, command: proxy.command(own, file), env } };
  },
});

const makeNginx = (options: VariantOptions): Variant | undefined => {
  const path = find("nginx", options.env);
  if (path === undefined) return undefined;
  return makeProxy(options, {
    name: "nginx",
    version: firstLine(path, "-v"),
    config: nginxConfig,
    command: (folder, file) => [path, "-p", folder, "-e", "stderr", "-c", file],
  });
};

const makeHaproxy = (options: VariantOptions): Variant | undefined => {
  const path = find("haproxy", options.env);
  if (path === undefined) return undefined;
  return makeProxy(options, {
    name: "haproxy",
    version: firstLine(path, "-v"),
    config: haproxyConfig,
    command: (_, file) => [path, "-db", "-f", file],
  });
};

const firstLine = (path: string, flag: string): string => {
  const script = `"$0" ${flag} 2>&1 | head -n 1`; // nginx tells its version on stderr
  return execFileSync("sh", ["-c", script, path], { encoding: "utf8" }).trim();
};

const bufferBytes = 2 * answerBytes.large;

/** One worker, kept connections on both sides, whole bodies in memory, no log, nothing on disk. */
const nginxConfig = (port: number, target: number): string => `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 1g;
  client_body_buffer_size ${bufferBytes};
  upstream model {
    server 127.0.0.1:${target};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=511;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering on;
      proxy_buffer_size 16k;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 32k;
      proxy_max_temp_file_size 0;
    }
  }
}
`;

/** One thread; bodies are passed on as they come, which costs it less than holding them. */
const haproxyConfig = (port: number, target: number): string => `
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
frontend client
  bind 127.0.0.1:${port} backlog 511
  default_backend model
backend model
  server stub 127.0.0.1:${target} pool-purge-delay 600s
`;
