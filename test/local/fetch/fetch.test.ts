import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FetchFault } from "../../../local/fetch/fault.ts";
import { type FetchOptions, fetchModel } from "../../../local/fetch/fetch.ts";

let folder = "";
let server: Server;
let url = "";
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "espalier-fetch-"));
  asked.length = 0;
  answer = (_request, response) => response.writeHead(404).end();
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const limits = { maxBytes: 1000, maxFiles: 3, timeoutMs: 10_000 };
const fetched = (uri: string, over: Partial<FetchOptions> = {}): Promise<readonly string[]> =>
  fetchModel({ uri, folder, limits, env: {}, now: () => new Date(0), ...over });

const faultOf = async (done: Promise<unknown>): Promise<string> => {
  try {
    await done;
  } catch (thrown) {
    if (thrown instanceof FetchFault) return thrown.message;
    throw thrown;
  }
  throw new Error("it was fetched");
};

describe("fetchModel over HTTP", () => {
  it("saves the file under its name", async () => {
    answer = (_request, response) => response.end("{}");
    const saved = await fetched(`${url}/a/my%20model.json?signature=x`);
    expect(saved).toEqual([join(folder, "my model.json")]);
    expect(readFileSync(saved[0] ?? "", "utf8")).toBe("{}");
    expect(readdirSync(folder)).toEqual(["my model.json"]);
  });

  it.each([
    { name: "a status", path: "/no.json", said: "answers 404" },
    { name: "no name", path: "/", said: "names no file" },
    { name: "a name that leads elsewhere", path: "/a/..%2Fb", said: "names no file" },
  ])("says what is wrong: $name", async ({ path, said }) => {
    expect(await faultOf(fetched(url + path))).toContain(said);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps no part of a file that is too large, or is cut off", async () => {
    answer = (_request, response) => response.end("x".repeat(limits.maxBytes + 1));
    expect(await faultOf(fetched(`${url}/a.json`))).toContain("too large");
    answer = (_request, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half", () => response.destroy());
    };
    expect(await faultOf(fetched(`${url}/a.json`))).toContain("/a.json");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("gives up in time, and does not tell the query", async () => {
    answer = () => {}; // never
    const plain = fetched(`${url}/a.json?token=secret`, { limits: { ...limits, timeoutMs: 50 } });
    expect(await faultOf(plain)).toBe(`${url}/a.json: took longer than 0.05 s`);
  });

  it("sends a password as a header, and does not tell it", async () => {
    let authorization: string | undefined;
    answer = (request, response) => {
      ({ authorization } = request.headers);
      response.writeHead(401).end();
    };
    const uri = `${url.replace("http://", "http://user:s%40crt@")}/a.json`;
    expect(await faultOf(fetched(uri))).toBe(`${url}/a.json answers 401 Unauthorized`);
    expect(authorization).toBe(`Basic ${Buffer.from("user:s@crt").toString("base64")}`);
  });

  it.each(["nothing", "gs://bucket/key", "s3:///key"])("does not take %s", async (uri) => {
    await faultOf(fetched(uri));
    expect(asked).toEqual([]);
  });
});

describe("fetchModel from S3", () => {
  const listed = (keys: readonly string[], next = ""): string =>
    `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("")}${next}</ListBucketResult>`;
  const env = () => ({ AWS_ENDPOINT_URL: url });

  it("fetches an object", async () => {
    answer = (_request, response) => response.end("tree");
    const saved = await fetched("s3://models/iris/model.txt", { env: env() });
    expect(saved).toEqual([join(folder, "model.txt")]);
    expect(asked).toEqual(["/models/iris/model.txt"]);
  });

  it("fetches all below a key, page by page", async () => {
    answer = (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", url);
      if (pathname === "/models/iris") return response.writeHead(404).end();
      if (pathname !== "/models/") return response.end(pathname);
      const isFirst = searchParams.get("continuation-token") === null;
      return response.end(
        isFirst
          ? listed(
              ["iris/", "iris/model.json"],
              "<NextContinuationToken>a&amp;b</NextContinuationToken>",
            )
          : listed(["iris/sub/a%2Bb+c.txt"]),
      );
    };
    const saved = await fetched("s3://models/iris", { env: env() });
    expect(saved).toEqual([join(folder, "model.json"), join(folder, "sub/a+b c.txt")]);
    expect(readFileSync(saved[1] ?? "", "utf8")).toBe("/models/iris/sub/a%2Bb%20c.txt");
    expect(asked.some((each) => each.includes("continuation-token=a%26b"))).toBe(true);
  });

  it("signs where there are credentials", async () => {
    let authorization: string | undefined;
    answer = (request, response) => {
      ({ authorization } = request.headers);
      response.end("x");
    };
    await fetched("s3://models/a.json", { env: env() });
    expect(authorization).toBeUndefined();
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-1" };
    await fetched("s3://models/a.json", { env: { ...env(), ...keys } });
    expect(authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/19700101\/eu-1\/s3\/aws4_request, /,
    );
  });

  it.each([
    { name: "nothing there", keys: [], said: "holds nothing" },
    { name: "too many files", keys: ["a/1", "a/2", "a/3", "a/4"], said: "more than 3 files" },
    { name: "a key that leads elsewhere", keys: ["a/../../b"], said: "is no path" },
  ])("says what is wrong: $name", async ({ keys, said }) => {
    answer = (_request, response) => response.end(listed(keys));
    expect(await faultOf(fetched("s3://models/a/", { env: env() }))).toContain(said);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not look for a folder where an object is forbidden", async () => {
    answer = (_request, response) => response.writeHead(403).end();
    expect(await faultOf(fetched("s3://models/a.json", { env: env() }))).toContain("answers 403");
    expect(asked).toHaveLength(1);
  });

  it("asks Amazon where no other store is named, and refuses a name that is no URL", async () => {
    const env = { AWS_ENDPOINT_URL_S3: "not a url" };
    expect(await faultOf(fetched("s3://models/a.json", { env }))).toContain("AWS_ENDPOINT_URL");
  });
});
