/** nginx and haproxy as plain proxies, where they are installed. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { largestRequestBytes, type Transport } from "./cases.ts";
import { nodePorts } from "./plans.ts";
import { freePort } from "./processes.ts";
import type { Variant, VariantOptions } from "./variants.ts";

type Hop = { readonly port: number; readonly target: number; readonly transport: Transport };

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
    readonly config: (hop: Hop) => string;
    readonly command: (folder: string, file: string) => readonly string[];
  },
): Variant => ({
  name: proxy.name,
  version: proxy.version,
  serves: ({ nodes }) => nodes > 0,
  prepare: async (one, stub) => {
    const port = await freePort();
    const own = join(folder, `${proxy.name}-${one.id}-${port}`);
    mkdirSync(own);
    const file = join(own, "config");
    const target = nodePorts(one, stub).at(-1) ?? 0;
    writeFileSync(file, proxy.config({ port, target, transport: one.transport }));
    return { port, launch: { name: proxy.name, command: proxy.command(own, file), env } };
  },
});

export const makeNginx = (options: VariantOptions): Variant | undefined => {
  const path = find("nginx", options.env);
  if (path === undefined) return undefined;
  return makeProxy(options, {
    name: "nginx",
    version: firstLine(path, "-v"),
    config: nginxConfig,
    command: (folder, file) => [path, "-p", folder, "-e", "stderr", "-c", file],
  });
};

export const makeHaproxy = (options: VariantOptions): Variant | undefined => {
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

const bufferBytes = 2 * largestRequestBytes;

/** One worker, kept connections on both sides, whole bodies in memory, no log, nothing on disk. */
const nginxConfig = ({ port, target, transport }: Hop): string => `
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
    listen 127.0.0.1:${port} ${transport === "grpc" ? "http2" : ""} backlog=511;
    location / {
      ${transport === "grpc" ? "grpc_pass grpc://model;" : nginxRest}
    }
  }
}
`;

const nginxRest = `
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering on;
      proxy_buffer_size 16k;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 32k;
      proxy_max_temp_file_size 0;
`;

/** One thread; bodies are passed on as they come, which costs it less than holding them. */
const haproxyConfig = ({ port, target, transport }: Hop): string => `
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
  bind 127.0.0.1:${port} backlog 511 ${transport === "grpc" ? "proto h2" : ""}
  default_backend model
backend model
  server stub 127.0.0.1:${target} pool-purge-delay 600s ${transport === "grpc" ? "proto h2" : ""}
`;
