/** `espalier fetch` from a real store that speaks S3. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll, closeAfterEach } from "../contract/cleanup.ts";
import { authority, startBetween, storesAuthority } from "./support/between.ts";
import { codeIn, filesIn, startFetch } from "./support/fetch.ts";
import { keys, type S3Server, startS3, temporary } from "./support/servers.ts";
import { startTunnel } from "./support/tunnel.ts";

const always = closeAfterAll();
const later = closeAfterEach();

const Bucket = "models";
let store: S3Server;
beforeAll(async () => {
  store = await startS3(always);
  await store.client.send(new CreateBucketCommand({ Bucket }));
});

const put = (Key: string, Body: Buffer | string, over: Partial<PutObjectCommandInput> = {}) =>
  store.client.send(
    new PutObjectCommand({ Bucket, Key, Body, ContentLength: Buffer.byteLength(Body), ...over }),
  );

const env = (port = store.port) => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  AWS_ACCESS_KEY_ID: keys.id,
  AWS_SECRET_ACCESS_KEY: keys.secret,
});

const megabyte = 1 << 20;

describe("espalier fetch s3://", () => {
  it("fetches a folder, an object and a bucket, whatever they are called", async () => {
    const names = ["model.bin", "sub/a+b c.txt", "sub/é%20ü #1?.json", "empty", "sub/deep/er/x"];
    for (const name of names) await put(`odd/${name}`, name === "empty" ? "" : `is ${name}`);
    await put("odd/sub/", ""); // as consoles make folders
    await put("oddity", "another");
    const folder = temporary(later);
    const { code, output } = await startFetch(later, ["s3://models/odd", folder], env()).done;
    expect([code, output]).toEqual([0, expect.stringContaining("fetched 5 files")]);
    expect(filesIn(folder)).toEqual([...names].toSorted());
    for (const name of names) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text).toBe(name === "empty" ? "" : `is ${name}`);
    }

    const single = temporary(later);
    await startFetch(later, ["s3://models/odd/sub/a+b c.txt", single], env()).done;
    expect(filesIn(single)).toEqual(["a+b c.txt"]);
  });

  it("takes a remote of rclone, as v1's secrets describe it", async () => {
    await put("remote/model", "m");
    const secret = {
      RCLONE_CONFIG_S3_TYPE: "s3",
      RCLONE_CONFIG_S3_PROVIDER: "minio",
      RCLONE_CONFIG_S3_ENV_AUTH: "false",
      RCLONE_CONFIG_S3_ACCESS_KEY_ID: keys.id,
      RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: keys.secret,
      RCLONE_CONFIG_S3_ENDPOINT: `http://127.0.0.1:${store.port}`,
    };
    for (const uri of ["s3://models/remote", "s3:models/remote/model"]) {
      const folder = temporary(later);
      expect((await startFetch(later, [uri, folder], secret).done).code).toBe(0);
      expect(filesIn(folder)).toEqual(["model"]);
    }
  });

  it("takes credentials that are lent, and says when there are none", async () => {
    await put("lent/model", "m");
    const file = join(temporary(later), "credentials");
    const lines = [`aws_access_key_id=${keys.id}`, `aws_secret_access_key=${keys.secret}`];
    writeFileSync(file, ["[reader]", ...lines].join("\n"));
    const refusing = createServer((_request, response) => response.writeHead(403).end("{}"));
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    later(() => {
      refusing.closeAllConnections();
      refusing.close();
    });
    const { port } = refusing.address() as AddressInfo; // it listens on a port
    const lenders = [
      { env: { AWS_PROFILE: "reader", AWS_SHARED_CREDENTIALS_FILE: file }, code: "" },
      {
        env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/` },
        code: "BAD_CREDENTIALS",
      },
    ];
    for (const lender of lenders) {
      const all = { AWS_ENDPOINT_URL: `http://127.0.0.1:${store.port}`, ...lender.env };
      const run = await startFetch(later, ["s3://models/lent", temporary(later)], all).done;
      expect([run.code, codeIn(run)]).toEqual([lender.code === "" ? 0 : 1, lender.code]);
    }
  });

  it("lists page by page", async () => {
    const count = 1100;
    const names = Array.from({ length: count }, (_, i) => `file-${i}`).values();
    const work = async (): Promise<void> => {
      for (const name of names) await put(`many/${name}`, name);
    };
    await Promise.all(Array.from({ length: 16 }, work));
    const folder = temporary(later);
    const { output } = await startFetch(later, ["s3://models/many", folder], env()).done;
    expect(output).toContain(`fetched ${count} files`);
    expect(filesIn(folder)).toHaveLength(count);
  });

  describe("holds bytes against the checksum of the store", () => {
    const body = randomBytes(megabyte);
    const multipart = async (Key: string, type: "FULL_OBJECT" | "COMPOSITE"): Promise<void> => {
      const { client } = store;
      const kind = { ChecksumAlgorithm: "CRC32", ChecksumType: type } as const;
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ Bucket, Key, ...kind }),
      );
      const parts = [randomBytes(5 * megabyte), body];
      const Parts = [];
      for (const [index, Body] of parts.entries()) {
        const PartNumber = index + 1;
        const asked = {
          Bucket,
          Key,
          UploadId,
          PartNumber,
          Body,
          ChecksumAlgorithm: "CRC32",
        } as const;
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(asked));
        Parts.push({ ETag, PartNumber, ChecksumCRC32 });
      }
      const done = { Bucket, Key, UploadId, MultipartUpload: { Parts }, ChecksumType: type };
      await client.send(new CompleteMultipartUploadCommand(done));
    };

    it.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MD5 of the entity tag"] as const)(
      "%s",
      async (algorithm) => {
        const key = `sums/${algorithm}`;
        const isTold = algorithm !== "MD5 of the entity tag";
        await put(key, body, isTold ? { ChecksumAlgorithm: algorithm } : {});
        const between = await startBetween(store.port, { later });
        const folder = temporary(later);
        between.plans.push({ alter: 1000 }); // the first answer alone
        const run = await startFetch(later, [`s3://models/${key}`, folder], env(between.port)).done;
        expect([run.code, between.passed.length]).toEqual([0, 2]);
        expect(readFileSync(join(folder, algorithm)).equals(body)).toBe(true);

        const empty = temporary(later);
        for (let i = 0; i < 10; i++) between.plans.push({ alter: 1000 + i });
        const wrong = await startFetch(later, [`s3://models/${key}`, empty], env(between.port))
          .done;
        expect([wrong.code, codeIn(wrong)]).toEqual([1, "CORRUPT"]);
        expect(filesIn(empty)).toEqual([]);
      },
    );

    it.each(["FULL_OBJECT", "COMPOSITE"] as const)("of parts, %s", async (type) => {
      await multipart(`sums/${type}`, type);
      const between = await startBetween(store.port, { later });
      between.plans.push({ alter: 3 * megabyte });
      const folder = temporary(later);
      const uri = `s3://models/sums/${type}`;
      const run = await startFetch(later, [uri, folder], env(between.port)).done;
      // a checksum of checksums is none of the file; only its size is known
      expect([run.code, between.passed.length]).toEqual([0, type === "COMPOSITE" ? 1 : 2]);
    });
  });

  describe("says what is wrong, in the pod's status too", () => {
    beforeAll(() => put("faults/model", "m"));
    it.each([
      { name: "no such key", uri: "s3://models/nope", over: {}, code: "NOT_FOUND" },
      { name: "no such bucket", uri: "s3://nope/a", over: {}, code: "NO_BUCKET" },
      {
        name: "no such bucket, of all that it holds",
        uri: "s3://nope",
        over: {},
        code: "NO_BUCKET",
      },
      {
        name: "a wrong secret",
        uri: "s3://models/faults",
        over: { AWS_SECRET_ACCESS_KEY: "hush-hush-wrong" },
        code: "BAD_CREDENTIALS",
      },
      {
        name: "nobody's keys",
        uri: "s3://models/faults/",
        over: { AWS_ACCESS_KEY_ID: "nobodys" },
        code: "BAD_CREDENTIALS",
      },
      {
        name: "no keys",
        uri: "s3://models/faults",
        over: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
        code: "DENIED",
      },
      {
        name: "another region",
        uri: "s3://models/faults",
        over: { AWS_REGION: "eu-west-3" },
        code: "WRONG_REGION",
      },
      {
        name: "nobody there",
        uri: "s3://models/faults",
        over: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
        code: "UNREACHABLE",
      },
      {
        name: "TLS where there is none",
        uri: "s3://models/faults",
        over: { AWS_ENDPOINT_URL: "https" },
        code: "UNREACHABLE",
      },
      {
        name: "a store of another kind",
        uri: "az:models/faults",
        over: { RCLONE_CONFIG_AZ_TYPE: "azureblob" },
        code: "BAD_SETTING",
      },
    ])("$name: $code", async ({ uri, over, code }) => {
      const folder = temporary(later);
      const all = { ...env(), ...over };
      if (all.AWS_ENDPOINT_URL === "https")
        all.AWS_ENDPOINT_URL = `https://127.0.0.1:${store.port}`;
      const run = await startFetch(later, [uri, folder], all).done;
      expect([run.code, codeIn(run)]).toEqual([1, code]);
      expect(run.output).toContain(run.message);
      expect(Buffer.byteLength(run.message)).toBeLessThanOrEqual(4096);
      expect(run.output).not.toMatch(new RegExp(`hush-hush|${keys.secret}`));
      expect(filesIn(folder)).toEqual([]);
    });
  });

  describe("over TLS", () => {
    it.each([
      { name: "trusts nobody's certificate", over: {}, want: [1, "UNTRUSTED"] },
      { name: "trusts all if told so", over: { S3_VERIFY_SSL: "0" }, want: [0, ""] },
      {
        name: "trusts an authority of AWS's variable",
        over: { AWS_CA_BUNDLE: authority },
        want: [0, ""],
      },
      {
        name: "trusts an authority of OpenSSL's variable",
        over: { SSL_CERT_FILE: authority },
        want: [0, ""],
      },
      {
        name: "says that there is no authority in a file",
        over: { SSL_CERT_FILE: "/etc/hostname" },
        want: [1, "BAD_SETTING"],
      },
    ])("$name", async ({ over, want }) => {
      await put("tls/model", "m");
      const between = await startBetween(store.port, { later, certificate: "first" });
      const all = { ...env(), ...over, AWS_ENDPOINT_URL: between.url };
      const run = await startFetch(later, ["s3://models/tls", temporary(later)], all).done;
      expect([run.code, codeIn(run)]).toEqual(want);
    });
  });

  it("goes through the proxy of the environment", async () => {
    await put("proxy/model", "m");
    const between = await startBetween(store.port, { later, certificate: "stores" });
    const tunnel = await startTunnel(between.port, later);
    const host = "storage.googleapis.com"; // any that the certificate is for
    const all = {
      ...{ ...env(), AWS_ENDPOINT_URL: `https://${host}` },
      ...{ HTTPS_PROXY: tunnel.url, SSL_CERT_FILE: storesAuthority },
    };
    const run = await startFetch(later, ["s3://models/proxy", temporary(later)], all).done;
    expect([run.code, run.message]).toEqual([0, ""]);
    expect(new Set(tunnel.hosts)).toEqual(new Set([`${host}:443`]));
  });

  it("refuses more than it may fetch before the first byte", async () => {
    await put("large/a", randomBytes(600_000));
    await put("large/b", randomBytes(600_000));
    const between = await startBetween(store.port, { later });
    const all = { ...env(between.port), ESPALIER_FETCH_MAX_BYTES: "1000000" };
    const run = await startFetch(later, ["s3://models/large", temporary(later)], all).done;
    expect([codeIn(run), between.total()]).toEqual(["TOO_LARGE", 0]);
  });

  it("has the same bytes as the store when it is asked again", async () => {
    const folder = temporary(later);
    const sum = (path: string): string =>
      createHash("sha256").update(readFileSync(path)).digest("hex");
    for (const body of [randomBytes(1000), randomBytes(10)]) {
      await put("again/model", body);
      await startFetch(later, ["s3://models/again", folder], env()).done;
      expect(sum(join(folder, "model"))).toBe(createHash("sha256").update(body).digest("hex"));
    }
  });
});
