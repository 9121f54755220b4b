import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { type Answering, faultOf, fetching, patience, silentMs } from "./harness.ts";

const { state, files, fetched } = fetching();

const env = (over: Record<string, string> = {}) => ({
  ...{ AWS_ENDPOINT_URL: state.url, AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret-key" },
  ...over,
});

const listed = (keys: readonly string[], more = ""): string =>
  `<ListBucketResult>${keys
    .map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`)
    .join("")}${more}</ListBucketResult>`;

/** A bucket that lists these keys, whatever they are; each object is one byte. */
const holding =
  (keys: readonly string[]): Answering =>
  ({ url = "", method }, response) => {
    const { searchParams } = new URL(url, state.url);
    if (searchParams.has("list-type")) return response.end(listed(keys));
    return response
      .writeHead(200, { ETag: '"e"', "Content-Length": 1 })
      .end(method === "HEAD" ? "" : "x");
  };

const refusing =
  (status: number, code: string, headers: Record<string, string> = {}): Answering =>
  ({ method }, response) =>
    response
      .writeHead(status, headers)
      .end(method === "HEAD" ? "" : `<Error><Code>${code}</Code><Message>no</Message></Error>`);

describe("fetchModel from S3", () => {
  it("fetches all below a key, page by page", async () => {
    state.answer = (request, response) => {
      const { searchParams } = new URL(request.url ?? "", state.url);
      if (request.method === "HEAD" && request.url === "/models/iris")
        return response.writeHead(404).end();
      if (!searchParams.has("list-type")) return holding([])(request, response);
      const isFirst = searchParams.get("continuation-token") === null;
      return response.end(
        isFirst
          ? listed(
              ["iris/", "iris/model.json"],
              "<NextContinuationToken>a&amp;b</NextContinuationToken>",
            )
          : listed(["iris/sub/a+b &amp; c.txt"]),
      );
    };
    const { paths } = await fetched("s3://models/iris", { env: env() });
    expect(paths).toEqual(
      ["model.json", "sub/a+b & c.txt"].map((name) => join(state.folder, name)),
    );
    expect(readFileSync(paths[1] ?? "", "utf8")).toBe("x");
    expect(state.asked.some(({ url }) => url?.includes("continuation-token=a%26b"))).toBe(true);
  });

  it("signs where there are credentials", async () => {
    state.answer = holding([]);
    await fetched("s3://models/a", { env: { AWS_ENDPOINT_URL: state.url } });
    expect(state.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    await fetched("s3://models/a", { env: env({ AWS_REGION: "eu-1" }) });
    expect(state.asked.at(-1)?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/\d+\/eu-1\/s3\/aws4_request, /,
    );
  });

  it.each([
    { name: "nothing there", keys: [], code: "NOT_FOUND" },
    { name: "too many files", keys: ["a/1", "a/2", "a/3", "a/4"], code: "TOO_MANY" },
    { name: "a key that leads elsewhere", keys: ["a/../../b"], code: "BAD_NAME" },
    { name: "a key from the root", keys: ["a//etc/passwd"], code: "BAD_NAME" },
    { name: "our own folder", keys: ["a/.espalier-fetch/x"], code: "BAD_NAME" },
    { name: "a file that is a folder too", keys: ["a/b", "a/b/c"], code: "BAD_NAME" },
    { name: "a name that no disk takes", keys: [`a/${"x".repeat(256)}`], code: "BAD_NAME" },
  ])("says what is wrong: $name", async ({ keys, code }) => {
    state.answer = holding(keys);
    expect(await faultOf(fetched("s3://models/a/", { env: env() }))).toMatchObject({ code });
    expect(files()).toEqual([]);
  });

  it.each([
    { status: 403, said: "AccessDenied", code: "DENIED" },
    { status: 403, said: "InvalidAccessKeyId", code: "BAD_CREDENTIALS" },
    { status: 403, said: "SignatureDoesNotMatch", code: "BAD_CREDENTIALS" },
    { status: 400, said: "ExpiredToken", code: "BAD_CREDENTIALS" },
    { status: 403, said: "InvalidObjectState", code: "DENIED" },
    { status: 400, said: "AuthorizationHeaderMalformed", code: "BAD_CREDENTIALS" },
    { status: 404, said: "NoSuchBucket", code: "NO_BUCKET" },
    { status: 301, said: "PermanentRedirect", code: "WRONG_REGION" },
    { status: 418, said: "Teapot", code: "BAD_ANSWER" },
    { status: 503, said: "SlowDown", code: "UNREACHABLE" },
    { status: 500, said: "InternalError", code: "UNREACHABLE" },
  ])(
    "tells $status $said as $code, of an object and of a folder",
    async ({ status, said, code }) => {
      state.answer = refusing(status, said);
      const folder = await faultOf(fetched("s3://models/a/", { env: env() }));
      const object = await faultOf(fetched("s3://models/a", { env: env() }));
      expect([folder.code, object.code]).toEqual([code, code]);
      for (const { message } of [folder, object]) expect(message).not.toContain("secret-key");
    },
  );

  it("does not wait for a store that says nothing", async () => {
    state.answer = () => {};
    const impatient = { ...patience, attempts: 2, idleMs: silentMs };
    const done = fetched("s3://models/a/", { env: env(), patience: impatient });
    expect(await faultOf(done)).toMatchObject({ code: "UNREACHABLE" });
    expect(state.asked).toHaveLength(2);
  });

  it("follows a bucket into its region", async () => {
    state.answer = (request, response) => {
      const isThere = request.headers.authorization?.includes("/eu-west-3/s3/");
      const region = { "x-amz-bucket-region": "eu-west-3" };
      (isThere ? holding(["a/b"]) : refusing(301, "PermanentRedirect", region))(request, response);
    };
    await fetched("s3://models/a", { env: env() });
    await fetched("s3://models/a/", { env: env() });
    expect(files()).toEqual(["a", "b"]);
  });

  it("sends the key that objects are encrypted with", async () => {
    state.answer = holding([]);
    const remote = {
      ...{ RCLONE_CONFIG_M_TYPE: "s3", RCLONE_CONFIG_M_ENDPOINT: state.url },
      RCLONE_CONFIG_M_SSE_CUSTOMER_KEY: "k".repeat(32),
      RCLONE_CONFIG_M_REQUESTER_PAYS: "true",
    };
    await fetched("m:models/a", { env: remote });
    expect(state.asked.at(-1)?.headers).toMatchObject({
      "x-amz-server-side-encryption-customer-algorithm": "AES256",
      "x-amz-server-side-encryption-customer-key": Buffer.from("k".repeat(32)).toString("base64"),
      "x-amz-request-payer": "requester",
    });
  });
});
