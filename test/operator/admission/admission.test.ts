import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { connect } from "node:tls";
import { afterEach, describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../api/settings.ts";
import { makeLog } from "../../../host/log.ts";
import {
  type Admission,
  type AdmissionOptions,
  checkMs,
  retryMs,
  startAdmission,
} from "../../../operator/admission/admission.ts";
import { maxBodyBytes } from "../../../operator/admission/body.ts";
import { issueAuthority, issueServing } from "../../../operator/admission/issue.ts";
import { settleMs } from "../../../operator/admission/keyring.ts";
import {
  serverNames,
  webhookConfiguration,
} from "../../../operator/admission/webhook-configuration.ts";
import { asking, bad, good } from "./asked.ts";
import { type Client, makeClient, namespace, path } from "./client.ts";
import { makeClock } from "./clock.ts";
import { type MemoryObjects, makeObjects } from "./objects.ts";

const dayMs = 24 * 3_600_000;
const webhook = { namespace, watchNamespace: "", controllerId: "", port: 443 };

const running: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of running.splice(0).reverse()) await end();
});

type Lines = { readonly level: string; readonly msg: string }[];

type Options = Partial<Omit<AdmissionOptions, "objects" | "clock">> & {
  readonly objects?: MemoryObjects;
  readonly behindMs?: number;
};

const start = async ({ objects = withConfiguration(), behindMs, ...options }: Options = {}) => {
  const lines: Lines = [];
  const stream = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const clock = makeClock(behindMs);
  const outcomes: string[] = [];
  const admission = await startAdmission({
    ...{ namespace, watchNamespace: "", controllerId: "" },
    ...{ port: 0, host: "127.0.0.1", isManaged: false, objects, clock },
    settings: () => defaultSettings,
    log: makeLog("INFO", stream),
    onReview: (outcome) => outcomes.push(outcome),
    ...options,
  });
  running.push(() => admission.close());
  return { admission, objects, lines, clock, outcomes };
};

const withConfiguration = (): MemoryObjects => {
  const objects = makeObjects();
  objects.put(webhookConfiguration(webhook, undefined));
  return objects;
};

/** Whom the API server trusts now. */
const trusted = (objects: MemoryObjects) => (): string => {
  const { webhooks } = objects.find("ValidatingWebhookConfiguration") as unknown as {
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle: string } }[];
  };
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
};

const open = (admission: Admission, authorities: () => string, more = {}): Client => {
  const client = makeClient(admission.port, authorities, more);
  running.push(() => client.close());
  return client;
};

describe("startAdmission", () => {
  it("answers reviews with a certificate that the API server was told to trust", async () => {
    const { admission, objects, outcomes, lines } = await start();
    expect(admission.problem()).toBeUndefined();
    const client = open(admission, trusted(objects));
    const [yes, no] = [await client.ask(asking(good)), await client.ask(asking(bad))];
    expect(JSON.parse(yes.body)).toMatchObject({ response: { allowed: true } });
    expect(JSON.parse(no.body)).toMatchObject({
      response: { allowed: false, status: { code: 422 } },
    });
    expect(outcomes).toEqual(["allowed", "refused"]);
    expect(lines.map(({ msg }) => msg)).toContain("SeldonDeployment refused");
  });

  it.each(["v1", "v1alpha2", "v1alpha3"])("answers at the path of %s", async (version) => {
    const { admission, objects } = await start();
    const client = open(admission, trusted(objects));
    const at = `/validate-machinelearning-seldon-io-${version}-seldondeployment`;
    expect(await client.ask(asking(good), { path: at })).toMatchObject({ status: 200 });
  });

  const json = { "content-type": "application/json" };
  it.each([
    { name: "another path", body: asking(good), options: { path: "/" }, status: 404 },
    { name: "a path below", body: asking(good), options: { path: `${path}/x` }, status: 404 },
    { name: "another method", body: "", options: { method: "GET" }, status: 405 },
    { name: "a body of another kind", body: "a=1", options: { headers: {} }, status: 415 },
    { name: "what is not JSON", body: "{", options: {}, status: 400 },
    { name: "an empty body", body: "", options: {}, status: 400 },
    { name: "JSON that is no review", body: "[]", options: {}, status: 400 },
    {
      name: "a body that says it is too large",
      body: "",
      options: { headers: { ...json, "content-length": maxBodyBytes + 1 } },
      status: 413,
    },
    {
      name: "a body that turns out too large",
      body: " ".repeat(maxBodyBytes + 1),
      options: { headers: { ...json, "transfer-encoding": "chunked" } },
      status: 413,
    },
  ])("answers $name with $status, in a sentence", async ({ body, options, status }) => {
    const { admission, objects, outcomes } = await start();
    const client = open(admission, trusted(objects));
    const reply = await client.ask(body, options);
    expect(reply).toMatchObject({ status, closes: true });
    expect(JSON.parse(reply.body)).toMatchObject({ kind: "Status", code: status });
    expect(outcomes).toEqual(["failed"]);
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });
  });

  it("goes on when a caller leaves in the middle of a review", async () => {
    const { admission, objects } = await start();
    const socket = connect({
      ...{ host: "127.0.0.1", port: admission.port, ca: trusted(objects)() },
      servername: serverNames(namespace)[1] ?? "",
    });
    await once(socket, "secureConnect");
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`);
    socket.write("Content-Length: 1000\r\n\r\n{");
    socket.destroy();
    const client = open(admission, trusted(objects));
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });
  });

  it.each(["TLSv1", "TLSv1.1"] as const)("speaks no %s", async (maxVersion) => {
    const { admission, objects } = await start();
    const client = open(admission, trusted(objects), { maxVersion, minVersion: "TLSv1" });
    await expect(client.ask(asking(good))).rejects.toThrow();
  });

  it("fails when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    running.push(() => void other.close());
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(start({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("answers what is being asked when it closes", async () => {
    const { admission, objects } = await start();
    const client = open(admission, trusted(objects));
    await client.ask(asking(good));
    const asked = Array.from({ length: 4 }, () => client.ask(asking(good)));
    const [first] = asked;
    await first;
    await admission.close();
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toContain("fulfilled");
    // On a connection of its own: those of before may not have heard yet of their end.
    const late = open(admission, trusted(objects));
    await expect(late.ask(asking(good))).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("startAdmission, over the life of certificates", () => {
  it("refuses nobody while certificate and authority are renewed under load", async () => {
    // What is renewed must be valid by the clock of the clients too, which is the real one.
    const { admission, objects, clock } = await start({ behindMs: 10 * dayMs });
    const before = { ...dataOf(objects) };
    let isOver = false;
    const statuses = new Set<number>();
    const ask = async (client: Client): Promise<number> => {
      let answered = 0;
      for (; !isOver; answered++) statuses.add((await client.ask(asking(good))).status);
      return answered;
    };
    const eachAnew = { keepAlive: false, maxCachedSessions: 0 };
    const probe = open(admission, trusted(objects), eachAnew);
    const clients = [{}, eachAnew, eachAnew].map((more) => open(admission, trusted(objects), more));
    const asked = Promise.all(clients.map(ask));
    const passTime = async (ms: number): Promise<void> => {
      for (let turns = 0; turns < 20; turns++) {
        await clock.turn(ms / 20);
        await probe.ask(asking(good));
      }
    };
    await passTime(0);
    forgetAuthorityKey(objects);
    await passTime(settleMs / 2);
    expect(dataOf(objects)["ca.crt"]).not.toBe(before["ca.crt"]);
    expect(dataOf(objects)["tls.crt"]).toBe(before["tls.crt"]);
    await passTime(settleMs);
    expect(dataOf(objects)["tls.crt"]).not.toBe(before["tls.crt"]);
    isOver = true;
    expect(Math.min(...(await asked))).toBeGreaterThan(20);
    expect([...statuses]).toEqual([200]);
  });

  it("takes a renewed certificate without ending connections", async () => {
    const { admission, objects, clock } = await start();
    const socket = connect({
      ...{ host: "127.0.0.1", port: admission.port, ca: trusted(objects)() },
      servername: serverNames(namespace)[1] ?? "",
    });
    running.push(() => void socket.destroy());
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    objects.remove("Secret");
    await clock.turn(checkMs);
    const { length } = Buffer.from(JSON.stringify(asking(good)));
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`);
    socket.write(`Content-Length: ${length}\r\n\r\n${JSON.stringify(asking(good))}`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);

    const another = connect({
      ...{ host: "127.0.0.1", port: admission.port, ca: trusted(objects)() },
      servername: serverNames(namespace)[1] ?? "",
    });
    running.push(() => void another.destroy());
    await once(another, "secureConnect");
    expect(another.getPeerCertificate().fingerprint256).not.toBe(fingerprint256);
  });

  it("says that it has no certificate, and finds one later", async () => {
    const objects = makeObjects();
    objects.fail("read", "Secret", "UNAVAILABLE");
    const { admission, clock, lines } = await start({ objects });
    expect(admission.problem()).toMatch(/induced/);
    expect(clock.pendingMs()).toBe(retryMs);
    await clock.turn(retryMs);
    expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);

    objects.fail("read", "Secret", undefined);
    await clock.turn(retryMs);
    expect(admission.problem()).toBeUndefined();
    expect(clock.pendingMs()).toBe(checkMs);
    expect(lines.at(-1)?.level).toBe("info");
  });

  it("serves although nobody can be told to trust it, and says so", async () => {
    const objects = withConfiguration();
    objects.fail("replace", "ValidatingWebhookConfiguration", "FORBIDDEN");
    const { admission, lines } = await start({ objects });
    expect(admission.problem()).toBeUndefined();
    expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("is not ready before the API server has been told whom to trust, and stays so then", async () => {
    const objects = withConfiguration();
    objects.fail("replace", "ValidatingWebhookConfiguration", "UNAVAILABLE");
    const { admission, clock } = await start({ objects });
    expect(admission.problem()).toMatch(/induced/);
    objects.fail("replace", "ValidatingWebhookConfiguration", undefined);
    await clock.turn(retryMs);
    expect(admission.problem()).toBeUndefined();
    expect(trusted(objects)()).toContain("BEGIN CERTIFICATE");

    objects.remove("Secret");
    objects.fail("replace", "ValidatingWebhookConfiguration", "UNAVAILABLE");
    await clock.turn(checkMs);
    expect(admission.problem()).toBeUndefined();
  });

  it("goes on with its certificate while the API server is away, until that expires", async () => {
    const { admission, objects, clock } = await start();
    objects.fail("read", "Secret", "UNAVAILABLE");
    await clock.turn(80 * dayMs);
    expect(admission.problem()).toBeUndefined();
    await clock.turn(10 * dayMs);
    expect(admission.problem()).toMatch(/not valid now/);
  });

  it("makes Service and configuration when it manages them", async () => {
    const objects = makeObjects();
    const { admission } = await start({ objects, isManaged: true });
    expect(objects.writes).toEqual([
      "create Secret",
      "create Service",
      "create ValidatingWebhookConfiguration",
    ]);
    const client = open(admission, trusted(objects));
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });
  });

  it("serves from files, takes new ones, and keeps the old when those are broken", async () => {
    const folder = await mkdtemp(join(tmpdir(), "espalier-"));
    running.push(() => rm(folder, { recursive: true }));
    const authority = issueAuthority(Date.now());
    const put = async (certificate: string, key: string): Promise<void> => {
      await writeFile(join(folder, "tls.crt"), certificate);
      await writeFile(join(folder, "tls.key"), key);
    };
    const { admission, objects, clock, lines } = await start({ certificateFolder: folder });
    expect(admission.problem()).toMatch(/tls\./);

    const one = issueServing(authority, serverNames(namespace), Date.now());
    await put(one.certificate, one.key);
    await clock.turn(retryMs);
    expect(admission.problem()).toBeUndefined();
    const client = open(admission, () => authority.certificate, { keepAlive: false });
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });

    const two = issueServing(authority, serverNames(namespace), Date.now());
    await put(two.certificate, one.key);
    await clock.turn(checkMs);
    expect(lines.at(-1)?.level).toBe("error");
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });

    await put(two.certificate, two.key);
    await clock.turn(retryMs);
    expect(lines.at(-1)?.level).toBe("info");
    expect(await client.ask(asking(good))).toMatchObject({ status: 200 });
    expect(objects.writes).toEqual([]);
  });
});

const dataOf = (objects: MemoryObjects): Readonly<Record<string, string>> =>
  (objects.find("Secret")?.["data"] ?? {}) as Record<string, string>;

/** Makes a new authority due. */
const forgetAuthorityKey = (objects: MemoryObjects): void => {
  const secret = objects.find("Secret");
  if (secret === undefined) throw new Error("there is no Secret");
  const { "ca.key": _, ...data } = dataOf(objects);
  objects.put({ ...secret, data });
};
