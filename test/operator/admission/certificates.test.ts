import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { makeLog } from "../../../host/log.ts";
import type { Certificate } from "../../../operator/admission/certificate.ts";
import { makeFileSource } from "../../../operator/admission/certificate-files.ts";
import { makeSecretSource, secretName } from "../../../operator/admission/certificate-secret.ts";
import {
  authorityLifeMs,
  issueAuthority,
  issueServing,
  servingLifeMs,
} from "../../../operator/admission/issue.ts";
import { type Keyring, renew, settleMs, splitBundle } from "../../../operator/admission/keyring.ts";
import { serverNames } from "../../../operator/admission/webhook-configuration.ts";
import { type MemoryObjects, makeObjects } from "./objects.ts";

const names = serverNames("seldon-system");
const start = Date.UTC(2026, 0, 1);
const dayMs = 24 * 3_600_000;

const read = (pem: string) => new X509Certificate(pem);

describe("issueAuthority and issueServing", () => {
  it.each([2026, 2039, 2049, 2050, 2051])("make a certificate that holds in %d", (year) => {
    const nowMs = Date.UTC(year, 5, 1);
    const authority = issueAuthority(nowMs);
    const serving = read(issueServing(authority, names, nowMs).certificate);
    const issuer = read(authority.certificate);
    expect(serving.checkIssued(issuer) && serving.verify(issuer.publicKey)).toBe(true);
    expect([issuer.ca, serving.ca]).toEqual([true, false]);
    expect(names.map((name) => serving.checkHost(name))).toEqual(names);
    expect(serving.validFromDate.getTime()).toBeLessThan(nowMs);
    expect(serving.validToDate.getTime()).toBe(nowMs + servingLifeMs);
    expect(issuer.validToDate.getTime()).toBe(nowMs + authorityLifeMs);
  });

  it("never let a certificate outlive its authority", () => {
    const authority = issueAuthority(start);
    const late = start + authorityLifeMs - dayMs;
    const serving = read(issueServing(authority, names, late).certificate);
    expect(serving.validToDate).toEqual(read(authority.certificate).validToDate);
  });

  it("make another serial number and key each time", () => {
    const made = Array.from({ length: 50 }, () => read(issueAuthority(start).certificate));
    expect(new Set(made.map(({ serialNumber }) => serialNumber)).size).toBe(50);
    expect(made.map(({ serialNumber }) => serialNumber.length)).toEqual(Array(50).fill(32));
  });
});

describe("renew", () => {
  const fresh = renew(undefined, names, start).keyring;
  const foreignAuthority = issueAuthority(start);
  /** As a chart leaves it: no key of the authority. */
  const foreign: Keyring = {
    authorities: [foreignAuthority.certificate],
    authorityKey: undefined,
    serving: issueServing(foreignAuthority, names, start),
  };

  it("makes everything when there is nothing", () => {
    expect(fresh.authorities).toHaveLength(1);
    const [authority = ""] = fresh.authorities;
    expect(read(fresh.serving.certificate).checkIssued(read(authority))).toBe(true);
  });

  it.each([0, 1, 30, 59])("leaves all as it is on day %d", (day) => {
    expect(renew(fresh, names, start + day * dayMs)).toEqual({ keyring: fresh, reasons: [] });
  });

  it("renews the certificate after two thirds of its life, under the same authority", () => {
    const { keyring, reasons } = renew(fresh, names, start + 61 * dayMs);
    expect(reasons).toHaveLength(1);
    expect(keyring.authorities).toEqual(fresh.authorities);
    expect(keyring.serving.certificate).not.toBe(fresh.serving.certificate);
  });

  it.each<{ readonly name: string; readonly held: Keyring; readonly nowMs?: number }>([
    {
      name: "has expired",
      held: { ...fresh },
      nowMs: start + servingLifeMs,
    },
    { name: "is not valid yet", held: fresh, nowMs: start - 2 * dayMs },
    { name: "is broken", held: { ...fresh, serving: { certificate: "x", key: "y" } } },
    {
      name: "has another key",
      held: {
        ...fresh,
        serving: { ...fresh.serving, key: foreign.serving.key },
      },
    },
    { name: "is foreign", held: { ...fresh, serving: foreign.serving } },
    {
      name: "is for another Service",
      held: renew(undefined, serverNames("other"), start).keyring,
    },
  ])("replaces at once a certificate that $name", ({ held, nowMs = start }) => {
    const { keyring, reasons } = renew(held, names, nowMs);
    expect(reasons).not.toHaveLength(0);
    expect(renew(keyring, names, nowMs)).toEqual({ keyring, reasons: [] });
  });

  it.each<{ readonly name: string; readonly held: Keyring }>([
    { name: "whose key is missing", held: { ...fresh, authorityKey: undefined } },
    { name: "whose key is broken", held: { ...fresh, authorityKey: "x" } },
    { name: "whose key is another's", held: { ...fresh, authorityKey: foreignAuthority.key } },
    { name: "that is no certificate", held: { ...fresh, authorities: [] } },
    {
      name: "that is none",
      held: {
        authorities: [fresh.serving.certificate],
        authorityKey: fresh.serving.key,
        serving: fresh.serving,
      },
    },
  ])("makes a new authority for one $name", ({ held }) => {
    const { keyring } = renew(held, names, start);
    expect(keyring.authorities[0]).not.toBe(held.authorities[0]);
    expect(renew(keyring, names, start)).toEqual({ keyring, reasons: [] });
  });

  const dueAuthority = start + (authorityLifeMs * 2) / 3 + dayMs;
  it.each([
    { name: "its own authority", held: renew(fresh, names, dueAuthority - 3 * dayMs).keyring },
    { name: "that of a chart", held: foreign },
  ])("tells of a new authority a day before it changes from $name", ({ held }) => {
    const nowMs = held === foreign ? start : dueAuthority;
    const first = renew(held, names, nowMs);
    expect(first.reasons).not.toHaveLength(0);
    expect(first.keyring.authorities.slice(1)).toEqual(held.authorities);
    expect(first.keyring.serving).toEqual(held.serving);

    const early = renew(first.keyring, names, nowMs + settleMs - 1);
    expect(early).toEqual({ keyring: first.keyring, reasons: [] });

    const then = renew(first.keyring, names, nowMs + settleMs).keyring;
    expect(then.authorities).toEqual(first.keyring.authorities);
    const [newest = "", old = ""] = then.authorities;
    expect(read(then.serving.certificate).checkIssued(read(newest))).toBe(true);
    expect(read(then.serving.certificate).checkIssued(read(old))).toBe(false);
  });

  it("forgets authorities that have expired, and keeps few", () => {
    let held = foreign;
    for (let year = 0; year < 40; year++) {
      held = renew(held, names, start + year * 365 * dayMs).keyring;
      expect(held.authorities.length).toBeLessThanOrEqual(3);
    }
    expect(held.authorities).not.toContain(foreign.authorities[0]);
  });

  it("keeps the API server's trust over eight years of daily looks", () => {
    let held = fresh;
    for (let day = 1; day < 8 * 365; day++) {
      const { keyring, reasons } = renew(held, names, start + day * dayMs);
      // Whoever trusts what was told yesterday takes what is served today.
      if (reasons.length > 0) {
        const trusted = held.authorities.map(read);
        const serving = read(keyring.serving.certificate);
        expect(trusted.some((authority) => serving.checkIssued(authority))).toBe(true);
      }
      held = keyring;
    }
    expect(held.authorities[0]).not.toBe(fresh.authorities[0]);
  });
});

describe("splitBundle", () => {
  const [one, two] = [issueAuthority(start).certificate, issueAuthority(start).certificate];

  it.each([
    { bundle: "", found: [] },
    { bundle: "no certificate", found: [] },
    { bundle: `${one}${two}`, found: [one, two] },
    { bundle: `# ours\r\n${one.replaceAll("\n", "\r\n")}\n\n${two}\n`, found: [one, two] },
    {
      bundle: `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${two}`,
      found: [two],
    },
  ])("finds the certificates of a bundle %#", ({ bundle, found }) => {
    expect(splitBundle(bundle)).toEqual(found);
  });
});

/** A replica's source, its clock and its log. */
const replica = (objects: MemoryObjects, nowMs = start) => {
  const lines: { readonly level: string; readonly msg: string }[] = [];
  const stream = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const clock = { nowMs };
  const read = makeSecretSource({
    objects,
    namespace: "seldon-system",
    names,
    now: () => clock.nowMs,
    log: makeLog("INFO", stream),
  });
  return { read, clock, lines };
};

const secretOf = (objects: MemoryObjects) => {
  const data = objects.find("Secret")?.["data"] as Record<string, string> | undefined;
  const text = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString();
  return { certificate: text("tls.crt"), key: text("tls.key"), authorities: text("ca.crt") };
};
const inSecret = (objects: MemoryObjects): Certificate => {
  const { authorities, ...serving } = secretOf(objects);
  return { serving, authorities };
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("makeSecretSource", () => {
  it("makes the Secret, and reads it from then on", async () => {
    const objects = makeObjects();
    const { read } = replica(objects);
    const first = await read();
    expect(objects.find("Secret")).toMatchObject({
      metadata: { name: secretName, namespace: "seldon-system" },
      type: "kubernetes.io/tls",
    });
    expect(inSecret(objects)).toEqual(first);
    expect(await read()).toEqual(first);
    expect(objects.writes).toEqual(["create Secret"]);
  });

  it("shares one certificate among replicas that start together", async () => {
    const objects = makeObjects();
    const replicas = Array.from({ length: 5 }, () => replica(objects));
    const read = await Promise.all(replicas.map((one) => one.read()));
    expect(new Set(read.map(({ serving }) => serving.certificate)).size).toBe(1);
    expect(objects.writes).toEqual(["create Secret"]);
  });

  it("shares one renewed certificate among replicas that find it due together", async () => {
    const objects = makeObjects();
    await replica(objects).read();
    const late = start + 61 * dayMs;
    const replicas = Array.from({ length: 5 }, () => replica(objects, late));
    const read = await Promise.all(replicas.map((one) => one.read()));
    expect(new Set(read.map(({ serving }) => serving.certificate)).size).toBe(1);
    expect(objects.writes).toEqual(["create Secret", "replace Secret"]);
    expect(replicas.flatMap(({ lines }) => lines)).toHaveLength(1);
  });

  it("makes it anew when it is deleted between reading and writing", async () => {
    const objects = makeObjects();
    const { read, clock } = replica(objects);
    await read();
    clock.nowMs = start + 61 * dayMs;
    objects.beforeWrite(() => objects.remove("Secret"));
    expect(await read()).toEqual(inSecret(objects));
    expect(objects.writes).toEqual(["create Secret", "create Secret"]);
  });

  it.each([
    { name: "empty", data: {} },
    { name: "broken", data: { "tls.crt": "!", "tls.key": base64("x"), "ca.crt": base64("y") } },
    { name: "without data", data: undefined },
  ])("fills a Secret that is $name, and leaves the rest of it", async ({ data }) => {
    const objects = makeObjects();
    objects.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName, namespace: "seldon-system", labels: { team: "a" } },
      type: "Opaque",
      ...(data !== undefined && { data: { ...data, mine: base64("kept") } }),
    });
    const { read, lines } = replica(objects);
    expect(await read()).toEqual(inSecret(objects));
    expect(objects.find("Secret")).toMatchObject({
      metadata: { labels: { team: "a" } },
      type: "Opaque",
      ...(data !== undefined && { data: { mine: base64("kept") } }),
    });
    expect(lines).toEqual([expect.objectContaining({ msg: "webhook certificate renewed" })]);
  });

  it("uses what cert-manager keeps, and writes nothing", async () => {
    const objects = makeObjects();
    const authority = issueAuthority(start);
    const serving = issueServing(authority, names, start);
    objects.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: secretName,
        namespace: "seldon-system",
        annotations: { "cert-manager.io/certificate-name": "seldon-serving-cert" },
      },
      data: {
        "tls.crt": base64(serving.certificate),
        "tls.key": base64(serving.key),
        "ca.crt": base64(authority.certificate),
      },
    });
    const { read, clock } = replica(objects);
    clock.nowMs = start + 80 * dayMs;
    expect(await read()).toEqual({ serving, authorities: authority.certificate });
    expect(objects.writes).toEqual([]);
  });

  it("goes on with what is still good when it cannot be renewed, and renews it later", async () => {
    const objects = makeObjects();
    const { read, clock, lines } = replica(objects);
    const first = await read();
    clock.nowMs = start + 61 * dayMs;
    objects.fail("replace", "Secret", "FORBIDDEN");
    expect(await read()).toEqual(first);
    expect(lines.at(-1)).toMatchObject({ level: "warn" });
    objects.fail("replace", "Secret", undefined);
    expect(await read()).not.toEqual(first);
  });

  it.each([
    { verb: "read", code: "UNAVAILABLE" },
    { verb: "create", code: "FORBIDDEN" },
    { verb: "create", code: "EXISTS" },
  ] as const)("fails when it has nothing and $verb is $code", async ({ verb, code }) => {
    const objects = makeObjects();
    objects.fail(verb, "Secret", code);
    await expect(replica(objects).read()).rejects.toMatchObject({ code });
  });
});

describe("makeFileSource", () => {
  const serving = issueServing(issueAuthority(start), names, start);

  it("reads what Kubernetes mounts, and what it swaps in", async () => {
    const folder = await mkdtemp(join(tmpdir(), "espalier-"));
    const mount = async (name: string, certificate: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "tls.crt"), certificate);
      await writeFile(join(folder, name, "tls.key"), serving.key);
      await symlink(name, join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    await mount("..one", serving.certificate);
    for (const file of ["tls.crt", "tls.key"]) {
      await symlink(join("..data", file), join(folder, file));
    }
    const read = makeFileSource(folder);
    expect(await read()).toEqual({ serving, authorities: undefined });
    await mount("..two", "another");
    expect((await read()).serving.certificate).toBe("another");
    await writeFile(join(folder, "ca.crt"), "authority");
    expect((await read()).authorities).toBe("authority");
    await rm(folder, { recursive: true });
  });

  it("names the file that is missing", async () => {
    const read = makeFileSource("/nowhere/at/all");
    await expect(read()).rejects.toThrow("/nowhere/at/all/tls.");
  });
});
