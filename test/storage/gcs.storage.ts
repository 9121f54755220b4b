/** `espalier fetch` from an emulator of Google Cloud Storage. */
import { createVerify, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll, closeAfterEach } from "../contract/cleanup.ts";
import { type Between, startBetween, storesAuthority } from "./support/between.ts";
import { codeIn, filesIn, hasCome, startFetch } from "./support/fetch.ts";
import { startGcs, temporary } from "./support/servers.ts";
import { startTunnel } from "./support/tunnel.ts";

const always = closeAfterAll();
const later = closeAfterEach();

const megabyte = 1 << 20;
const body = randomBytes(4 * megabyte);

let port: number;
beforeAll(async () => {
  port = await startGcs(always);
  const bucket = await fetch(`http://127.0.0.1:${port}/storage/v1/b?project=p`, {
    ...{ method: "POST", headers: { "Content-Type": "application/json" } },
    body: JSON.stringify({ name: "models" }),
  });
  expect(bucket.status).toBe(200);
  await put("iris/model.bin", body);
  await put("iris/sub/a+b c%.txt", Buffer.from("text"));
  await put("iris/empty", Buffer.alloc(0));
  await put("irises", Buffer.from("another"));
});

const put = async (name: string, bytes: Buffer<ArrayBuffer>): Promise<void> => {
  const query = `uploadType=media&name=${encodeURIComponent(name)}`;
  const url = `http://127.0.0.1:${port}/upload/storage/v1/b/models/o?${query}`;
  expect((await fetch(url, { method: "POST", body: bytes })).status).toBe(200);
};

const env = (between: Between) => ({ STORAGE_EMULATOR_HOST: between.url });

describe("espalier fetch gs://", () => {
  it("fetches a folder and an object, as nobody", async () => {
    const between = await startBetween(port, { later });
    const folder = temporary(later);
    const run = await startFetch(later, ["gs://models/iris", folder], env(between)).done;
    expect([run.code, run.message]).toEqual([0, ""]);
    expect(filesIn(folder)).toEqual(["empty", "model.bin", "sub/a+b c%.txt"]);
    expect(readFileSync(join(folder, "model.bin")).equals(body)).toBe(true);
    const single = temporary(later);
    await startFetch(later, ["gs://models/iris/model.bin", single], env(between)).done;
    expect(filesIn(single)).toEqual(["model.bin"]);
  });

  it.each([
    { uri: "gs://models/nope", code: "NOT_FOUND" },
    { uri: "gs://nope/a", code: "NO_BUCKET" },
    { uri: "gs://nope", code: "NO_BUCKET" },
  ])("says of $uri: $code", async ({ uri, code }) => {
    const between = await startBetween(port, { later });
    const run = await startFetch(later, [uri, temporary(later)], env(between)).done;
    expect([run.code, codeIn(run)]).toEqual([1, code]);
  });

  it("holds bytes against the checksum of the store", async () => {
    const between = await startBetween(port, { later });
    between.plans.push({ alter: 5 });
    const folder = temporary(later);
    const args = ["gs://models/iris/model.bin", folder];
    expect((await startFetch(later, args, env(between)).done).code).toBe(0);
    expect(between.passed).toHaveLength(2);
    expect(readFileSync(join(folder, "model.bin")).equals(body)).toBe(true);
    for (let i = 0; i < 5; i++) between.plans.push({ alter: 5 });
    const wrong = ["gs://models/iris/model.bin", temporary(later)];
    expect(codeIn(await startFetch(later, wrong, env(between)).done)).toBe("CORRUPT");
  });

  it("goes on where a connection broke, and where a process was killed", async () => {
    const between = await startBetween(port, { later });
    between.plans.push({ cut: megabyte });
    const folder = temporary(later);
    const args = ["gs://models/iris/model.bin", folder];
    await startFetch(later, args, env(between)).done;
    expect(between.passed).toMatchObject([{}, { range: expect.stringMatching(/^bytes=\d+-$/) }]);
    expect(readFileSync(join(folder, "model.bin")).equals(body)).toBe(true);

    const other = temporary(later);
    const again = [args[0] ?? "", other];
    const before = between.total();
    between.most = before + 2 * megabyte;
    const first = startFetch(later, again, env(between));
    await between.full();
    await hasCome(other, between.total() - before);
    first.kill();
    await first.done;
    between.most = Number.POSITIVE_INFINITY;
    expect((await startFetch(later, again, env(between)).done).code).toBe(0);
    expect(between.total() - before).toBe(body.length); // no byte twice
  });

  it("tells what nobody and somebody may not", async () => {
    const refuses = (status: number) =>
      startBetween(port, {
        later,
        answers: (_request, response) => response.writeHead(status).end("{}") !== undefined,
      });
    const anonymous = await refuses(401);
    const denied = await startFetch(later, ["gs://models/iris", temporary(later)], env(anonymous))
      .done;
    expect(codeIn(denied)).toBe("DENIED");
    const token = { RCLONE_CONFIG_GS_ACCESS_TOKEN: "token-of-somebody" };
    for (const [status, code] of [
      [401, "BAD_CREDENTIALS"],
      [403, "DENIED"],
    ] as const) {
      const between = await refuses(status);
      const all = { ...env(between), ...token };
      const run = await startFetch(later, ["gs://models/iris", temporary(later)], all).done;
      expect([codeIn(run), run.output.includes("token-of-somebody")]).toEqual([code, false]);
    }
  });

  it("asks Google for a token, through a proxy, and signs with it", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const account = {
      type: "service_account",
      client_email: "reader@project.iam.gserviceaccount.com",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
    const scopes: unknown[] = [];
    const token = "token-that-google-gave";
    /** Google's two hosts: the one that gives tokens, and the store, which wants one. */
    const answers = (request: IncomingMessage, response: ServerResponse): boolean => {
      if (request.headers.host?.startsWith("oauth2.") === true) {
        void text(request).then((body) => {
          const assertion = new URLSearchParams(body).get("assertion") ?? "";
          const [head = "", claims = "", signature = ""] = assertion.split(".");
          const isSigned = createVerify("sha256")
            .update(`${head}.${claims}`)
            .verify(publicKey, signature, "base64url");
          scopes.push(JSON.parse(Buffer.from(claims, "base64url").toString()).scope);
          response.writeHead(isSigned ? 200 : 400, { "Content-Type": "application/json" });
          response.end(JSON.stringify({ access_token: token, expires_in: 3600 }));
        });
        return true;
      }
      if (request.headers.authorization === `Bearer ${token}`) return false;
      response.writeHead(401).end("{}");
      return true;
    };
    const between = await startBetween(port, { later, certificate: "stores", answers });
    const tunnel = await startTunnel(between.port, later);
    const path = join(temporary(later), "key.json");
    writeFileSync(path, JSON.stringify(account));
    const surroundings = { HTTPS_PROXY: tunnel.url, SSL_CERT_FILE: storesAuthority };
    for (const secret of [
      { GOOGLE_APPLICATION_CREDENTIALS: path },
      {
        RCLONE_CONFIG_GS_TYPE: "google cloud storage",
        RCLONE_CONFIG_GS_ANONYMOUS: "false",
        RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS: JSON.stringify(account),
      },
    ]) {
      const folder = temporary(later);
      const all = { ...surroundings, ...secret };
      const run = await startFetch(later, ["gs://models/iris", folder], all).done;
      expect([run.code, run.message]).toEqual([0, ""]);
      expect(filesIn(folder)).toHaveLength(3);
    }
    const scope = "https://www.googleapis.com/auth/devstorage.read_only";
    expect(scopes).toEqual([scope, scope]);
    expect(new Set(tunnel.hosts)).toEqual(
      new Set(["oauth2.googleapis.com:443", "storage.googleapis.com:443"]),
    );
  });

  it("says what is wrong with a key file", async () => {
    const between = await startBetween(port, { later });
    const path = join(temporary(later), "key.json");
    for (const [written, code] of [
      [undefined, "BAD_CREDENTIALS"],
      ["{private", "BAD_SETTING"],
      ['{"client_email":"a@b"}', "BAD_CREDENTIALS"],
    ] as const) {
      if (written !== undefined) writeFileSync(path, written);
      const all = { ...env(between), GOOGLE_APPLICATION_CREDENTIALS: path };
      const run = await startFetch(later, ["gs://models/iris", temporary(later)], all).done;
      expect(codeIn(run)).toBe(code);
      expect(run.output).not.toContain("{private");
    }
  });
});
