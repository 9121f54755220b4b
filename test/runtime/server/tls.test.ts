import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type EngineProcess, startEngine } from "../../../runtime/main.ts";

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../../support/certificates/${name}`, import.meta.url));
const authority = pem("ca.crt");

let folder: string;
let engine: EngineProcess | undefined;

const install = (name: string): void => {
  for (const kind of ["crt", "key"] as const) {
    const from = new URL(`../../support/certificates/${name}.${kind}`, import.meta.url);
    copyFileSync(from, join(folder, `tls.${kind}`));
  }
};

const start = async (env: Record<string, string> = {}): Promise<EngineProcess> => {
  const graph = { name: "m", implementation: "SIMPLE_MODEL" };
  const plan = Buffer.from(JSON.stringify({ name: "p", graph })).toString("base64");
  const argv = ["--sdep=d", "--namespace=n", "--predictor=p", "--http_port=0", "--grpc_port=0"];
  const started = await startEngine([...argv, "--log_level=FATAL"], {
    ENGINE_PREDICTOR: plan,
    SELDON_CERT_MOUNT_PATH: folder,
    ...env,
  });
  if (!started.ok) throw new Error(started.faults.join());
  engine = started.process;
  return started.process;
};

const live = (port: number, more: object = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path: "/live", ca: authority, agent: false, ...more },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.on("error", reject);
    sent.end();
  });

/** Who the certificate on a port belongs to, and what ALPN agreed on. */
const certificate = async (
  port: number,
): Promise<{ name: string; alpn: string | false | null }> => {
  const socket: TLSSocket = connect({
    host: "127.0.0.1",
    port,
    ca: authority,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  const found = { name: String(subject.CN), alpn: socket.alpnProtocol };
  socket.destroy();
  return found;
};

/** The files are watched; this ends when they have been read, or with the test's time. */
const until = async (name: string, port: number): Promise<void> => {
  while ((await certificate(port)).name !== name);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-tls-"));
  install("first");
});

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  rmSync(folder, { recursive: true });
});

describe("TLS", () => {
  it("secures both ports, and offers h2 to gRPC clients", async () => {
    const { httpPort, grpcPort } = await start();
    expect(await live(httpPort)).toBe(200);
    expect(await certificate(grpcPort)).toEqual({ name: "first", alpn: "h2" });
  });

  it("reads plain requests over TLS without Node's parser", async () => {
    let parsed = 0;
    const onParsed = (): void => {
      parsed += 1;
    };
    subscribe("http.server.request.start", onParsed);
    const { httpPort } = await start();
    expect(await live(httpPort)).toBe(200);
    expect(parsed).toBe(0);
    expect(await live(httpPort, { headers: { Upgrade: "h2c", Connection: "Upgrade" } })).toBe(200);
    expect(parsed).toBe(1);
    unsubscribe("http.server.request.start", onParsed);
  });

  it("answers a gRPC client over TLS", async () => {
    const { grpcPort } = await start();
    const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createSsl(authority));
    const same = (bytes: Buffer): Buffer => bytes;
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const rpc = "/seldon.protos.Seldon/Predict";
      client.makeUnaryRequest(rpc, same, same, Buffer.alloc(0), new Metadata(), (error, value) => {
        if (error === null && value !== undefined) resolve(value);
        else reject(error);
      });
    });
    client.close();
    expect(answer.toString("latin1")).toContain("class0");
  });

  it("takes a new certificate while it runs", async () => {
    const { httpPort, grpcPort } = await start();
    install("second");
    await until("second", httpPort);
    await until("second", grpcPort);
    expect(await live(httpPort)).toBe(200);
  });

  it("keeps the old certificate when the new one is broken", async () => {
    const { httpPort } = await start();
    writeFileSync(join(folder, "tls.crt"), "no certificate");
    expect(await live(httpPort)).toBe(200);
    expect((await certificate(httpPort)).name).toBe("first");
    install("second");
    await until("second", httpPort);
  });

  it("asks clients for a certificate when it has an authority for them", async () => {
    writeFileSync(join(folder, "clients.crt"), authority);
    const { httpPort } = await start({ ESPALIER_CLIENT_CA_FILE: join(folder, "clients.crt") });
    await expect(live(httpPort)).rejects.toBeDefined();
    const own = { cert: pem("client.crt"), key: pem("client.key") };
    expect(await live(httpPort, own)).toBe(200);
  });

  it("does not start with a key that is not the certificate's", async () => {
    writeFileSync(join(folder, "tls.key"), pem("second.key"));
    await expect(start()).rejects.toThrow(/tls\.key/);
  });

  it("does not start without the files", async () => {
    rmSync(join(folder, "tls.crt"));
    await expect(start()).rejects.toThrow(/tls\.crt/);
  });
});
