import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultSettings } from "../../api/settings.ts";
import { readInput } from "../../bin/manifests.ts";
import { type Clock, systemClock } from "../../local/clock.ts";
import type { ImageCommand } from "../../local/images.ts";
import type { Terminal } from "../../local/terminal.ts";
import { up } from "../../local/up.ts";

/** No pause before another try is longer, and no limit of a start is shorter. */
const longestPauseMs = 16_000;

/** Pauses pass twenty times faster than on the wall; what limits a start does not: machines are slow. */
export const hastyClock: Clock = {
  now: systemClock.now,
  after: (afterMs, run) =>
    systemClock.after(afterMs > longestPauseMs ? afterMs : afterMs / 20, run),
};

export const project = join(import.meta.dirname, "../..");

/**
 * A container: answers `{version, pid, url, unit}` on its port, after the milliseconds that a
 * body's `wait` says; a body with "die" ends it in the middle of an answer. A path that ends in
 * `_stream` is answered with two events, the second once there is a file `go`.
 */
const server = `
import { createServer } from "node:http";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
const [version = "1", portVariable = "PREDICTIVE_UNIT_SERVICE_PORT"] = process.argv.slice(2);
appendFileSync("started.log", version + " " + process.pid + "\\n");
writeFileSync("podinfo", process.env.ESPALIER_PODINFO_ANNOTATIONS ?? "");
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => { body += chunk; });
  request.on("end", () => {
    if (request.url.endsWith("_stream")) {
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: 1\\n\\n");
      const go = setInterval(() => {
        if (!existsSync("go")) return;
        clearInterval(go);
        response.end("data: 2\\n\\n");
      }, 10);
      return;
    }
    const wait = /"wait": *(\\d+)/.exec(body)?.[1] ?? 0;
    if (body.includes('"die"')) {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half", () => process.exit(9));
      return;
    }
    setTimeout(() => response.setHeader("Content-Type", "application/json").end(
      JSON.stringify({ version, pid: process.pid, url: request.url, unit: process.env.PREDICTIVE_UNIT_ID })), wait);
  });
});
server.listen(Number(process.env[portVariable]), () => console.log("listening " + version));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

/**
 * A container that speaks gRPC: answers a message with `strData`, the version, after as many
 * milliseconds as the metadata `wait` says.
 */
const grpcServer = `
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
const { Server, ServerCredentials } = createRequire(${JSON.stringify(`${project}/package.json`)})("@grpc/grpc-js");
const [version] = process.argv.slice(2);
const same = (bytes) => bytes;
const text = Buffer.from(version);
const message = Buffer.concat([Buffer.from([0x2a, text.length]), text]);
const server = new Server();
writeFileSync("pid", String(process.pid));
const answer = (call, callback) => {
  const [wait = 0] = call.metadata.get("wait");
  setTimeout(() => callback(null, message), Number(wait));
};
server.register("/seldon.protos.Model/Predict", answer, same, same, "unary");
server.register("/seldon.protos.Seldon/Predict", answer, same, same, "unary");
const address = "127.0.0.1:" + process.env.PREDICTIVE_UNIT_GRPC_SERVICE_PORT;
server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log("listening " + version);
});
process.on("SIGTERM", () => server.tryShutdown(() => process.exit(0)));
`;

export type Workbench = {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string | object): string;
  read(name: string): string;
  remove(): void;
};

/** A folder with `server.mjs` and `grpc.mjs` in it. */
export const makeWorkbench = (): Workbench => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-test-"));
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string | object): string => {
    writeFileSync(path(name), typeof text === "string" ? text : JSON.stringify(text));
    return path(name);
  };
  write("server.mjs", server);
  write("grpc.mjs", grpcServer);
  mkdirSync(path("tmp"));
  return {
    folder,
    path,
    write,
    read: (name) => readFileSync(path(name), "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

export const nodeCommand = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  "server.mjs",
  ...args,
];

export const predictorOf = (name: string, version: string, over: object = {}): object => ({
  name,
  graph: { name: "model" },
  componentSpecs: [
    { spec: { containers: [{ name: "model", image: "i:1", command: nodeCommand(version) }] } },
  ],
  ...over,
});

export const deploymentOf = (
  name: string,
  predictors: readonly object[],
  spec: object = {},
): object => ({
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  metadata: { name },
  spec: { ...spec, predictors },
});

export type Running = {
  /** Everything printed so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or to come, that matches. */
  line(pattern: RegExp): Promise<string>;
  /** The same, of lines printed from now on. */
  nextLine(pattern: RegExp): Promise<string>;
  /** Resolves with the address of a deployment once it is ready. */
  ready(name: string): Promise<string>;
  readonly exited: Promise<number>;
  stop(): Promise<number>;
};

export type StartOptions = {
  readonly images?: readonly ImageCommand[];
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly cwd?: string;
  readonly namespace?: string;
};

/** Runs `up` in this process, with real processes under it. */
export const startUp = (inputs: readonly string[], options: StartOptions = {}): Running => {
  const lines: string[] = [];
  const waiting = new Set<{ pattern: RegExp; resolve: (line: string) => void }>();
  const take = (text: string): boolean => {
    for (const line of text.split("\n")) {
      lines.push(line);
      for (const one of waiting) {
        if (!one.pattern.test(line)) continue;
        waiting.delete(one);
        one.resolve(line);
      }
    }
    return true;
  };
  const terminal: Terminal = {
    say: take,
    note: take,
    print: (label, line) => take(`[${label}] ${line}`),
    whenDrained: (resume) => resume(),
  };
  const stop = new AbortController();
  const exited = up({
    inputs,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    namespace: options.namespace ?? "default",
    cwd: options.cwd ?? "/",
    read: (input) => readInput(input, { stdin: (async function* () {})(), cwd: () => "/" }),
    machine: {
      settings: defaultSettings,
      images: options.images ?? [],
      env: { PATH: "/usr/bin:/bin", INHERITED: "yes" },
      commandFolder: join(project, "bin"),
      logLevel: "WARNING",
    },
    terminal,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    stop: stop.signal,
    onKillable: () => {},
  });
  const nextLine = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => waiting.add({ pattern, resolve }));
  const line = async (pattern: RegExp): Promise<string> =>
    lines.find((one) => pattern.test(one)) ?? nextLine(pattern);
  return {
    lines,
    line,
    nextLine,
    ready: async (name) => {
      const told = await line(new RegExp(`^${name} is ready: `));
      return told.slice(told.indexOf("http"));
    },
    exited,
    stop: () => {
      stop.abort();
      return exited;
    },
  };
};

export type Answer = { readonly version: string; readonly pid: number; readonly url: string };

/** Asks for a prediction. */
export const ask = async (address: string, body: object = {}): Promise<Answer> => {
  const response = await fetch(`${address}/api/v1.0/predictions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
};
