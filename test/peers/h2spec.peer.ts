/** h2spec: what a server of HTTP/2 has to keep to, 146 cases, each with a connection of its own. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, describe, expect, it } from "@jest/globals";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { attach, sendData, sendFields } from "../../runtime/http2/send.ts";
import { serveHttp2 } from "../../runtime/http2/server.ts";
import type { Stream } from "../../runtime/http2/types.ts";
import { run } from "./environment/run.ts";
import { startEngine } from "./support/engine.ts";
import { h2spec, root } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { startServe } from "./support/serve.ts";

const limitMs = 150_000;
const command = h2spec();
// it is skipped where there is no Go to build it with, and the preparation says so
const describeIfBuilt = command === undefined ? describe.skip : describe;

const processes = makeProcesses();
afterAll(() => processes.stopAll(), limitMs);

/** What it says in the end, and all it found wrong. */
const verdict = async (address: string, ...flags: readonly string[]): Promise<unknown> => {
  const [host = "", port = ""] = address.split(":");
  const words = ["--strict", "-h", host, "-p", port, "-o", "30", ...flags];
  const { output } = await run([command ?? "", ...words], {}, limitMs);
  const failures = output.split("Failures:")[1] ?? "";
  return { said: /\d+ tests, .*/.exec(output)?.[0] ?? output.slice(-2000), failures };
};

const allPassed = { said: "146 tests, 146 passed, 0 skipped, 0 failed", failures: "" };

/** Sends back the body of a request, or a word if it has none. */
const echo = {
  fields: (stream: Stream): void => {
    sendData(stream, Buffer.alloc(0), true);
  },
  data: (stream: Stream, chunk: Buffer, end: boolean): void => {
    sendData(stream, Buffer.from(chunk), end);
  },
  broken: (): void => {},
};
const options = {
  deadlines: makeDeadlines(),
  onStream: (stream: Stream, _: unknown, end: boolean): void => {
    attach(stream, echo, stream);
    sendFields(stream, [":status", "200", "content-type", "text/plain"], false);
    if (end) sendData(stream, Buffer.from("hello"), true);
  },
};

const listen = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is one
};

const certificate = (file: string): Buffer =>
  readFileSync(join(root, "test/support/certificates", file));

describeIfBuilt("h2spec", () => {
  it(
    "finds nothing wrong with a plain server",
    async () => {
      const server = createServer((socket) => serveHttp2(socket, options));
      expect(await verdict(await listen(server))).toEqual(allPassed);
      server.close();
    },
    limitMs,
  );

  it(
    "finds nothing wrong with one over TLS",
    async () => {
      const material = { cert: certificate("first.crt"), key: certificate("first.key") };
      const server = createTlsServer({ ...material, ALPNProtocols: ["h2"] });
      server.on("secureConnection", (socket) => serveHttp2(socket, options));
      server.on("tlsClientError", () => {});
      expect(await verdict(await listen(server), "-t", "-k")).toEqual(allPassed);
      server.close();
    },
    limitMs,
  );

  it(
    "finds nothing wrong with the engine's gRPC",
    async () => {
      const graph = { name: "simple", implementation: "SIMPLE_MODEL" };
      const engine = await startEngine(processes, { graph, peers: [] });
      expect(await verdict(engine.grpc)).toEqual(allPassed);
      await engine.process.stop();
    },
    limitMs,
  );

  it(
    "finds nothing wrong with that of espalier serve",
    async () => {
      const served = await startServe(processes, { unit: "twin", target: "twin.ts:Twin" });
      expect(await verdict(served.grpc)).toEqual(allPassed);
      await served.process.stop();
    },
    limitMs,
  );
});
