import { describe, expect, it } from "@jest/globals";
import type { HttpCall, HttpClient } from "../../../runtime/client/http.ts";
import { followRedirects } from "../../../runtime/client/redirect.ts";
import type { HttpReply } from "../../../runtime/client/reply-reader.ts";
import { promised } from "../../../runtime/done.ts";
import { makeScope } from "../../../runtime/scope.ts";

type Sent = { readonly authority: string; readonly call: HttpCall };

/** Clients whose answers come from a table of `authority path` to `status location`. */
const world = (pages: Readonly<Record<string, string>>) => {
  const sent: Sent[] = [];
  const clientFor = (host: string, port: number): HttpClient => {
    const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return {
      authority,
      send: (call, done) => {
        sent.push({ authority, call });
        const [status, location] = (pages[`${authority}${call.path}`] ?? "200").split(" ");
        const headers = location === undefined ? [] : ["location", location];
        done(undefined, { status: Number(status), headers, body: Buffer.from(call.path) });
      },
      close: () => {},
    };
  };
  return { sent, clientFor };
};

const call: HttpCall = {
  method: "POST",
  path: "/predict",
  headerLines:
    "Content-Type: application/json\r\nContent-Encoding: gzip\r\nAuthorization: Bearer x\r\nX-Keep: 1\r\nCookie: a=b\r\n",
  body: Buffer.from("{}"),
  timeoutMs: 0,
  scope: makeScope(),
};

const follow = async (pages: Readonly<Record<string, string>>, over: Partial<HttpCall> = {}) => {
  const { sent, clientFor } = world(pages);
  const answers: string[] = [];
  const sending = { ...call, ...over };
  const client = clientFor("a", 80);
  const started = performance.now();
  const first = await promised<HttpReply>((done) => client.send(sending, done));
  const reply = await followRedirects(
    { client, call: sending, started, reply: first },
    { clientFor, onReply: ({ method }, { status }) => answers.push(`${method} ${status}`) },
  );
  return { reply, sent, answers, last: sent.at(-1) };
};

describe("followRedirects", () => {
  it("leaves any other status alone", async () => {
    const { reply, sent } = await follow({ "a:80/predict": "304 /x" });
    expect([reply.status, sent.length]).toEqual([304, 1]);
  });

  it.each([301, 302, 303])("turns POST into GET after %i", async (status) => {
    const { last } = await follow({ "a:80/predict": `${status} /moved?x=1` });
    expect(last?.call).toMatchObject({ method: "GET", path: "/moved?x=1", body: undefined });
    expect(last?.call.headerLines).toBe(
      "Content-Type: application/json\r\nAuthorization: Bearer x\r\nX-Keep: 1\r\nCookie: a=b\r\n",
    );
  });

  it.each([307, 308])("keeps method, body and headers after %i", async (status) => {
    const { last } = await follow({ "a:80/predict": `${status} /moved` });
    expect(last?.call).toEqual({ ...call, path: "/moved" });
  });

  it.each([
    { location: "http://b:81/p", authority: "b:81", path: "/p" },
    { location: "http://b/p", authority: "b:80", path: "/p" },
    { location: "//c:82/p?q", authority: "c:82", path: "/p?q" },
    { location: "http://[::1]:83/p", authority: "[::1]:83", path: "/p" },
  ])("goes to $location without credentials", async ({ location, authority, path }) => {
    const { last } = await follow({ "a:80/predict": `307 ${location}` });
    expect(last?.authority).toBe(authority);
    expect(last?.call.path).toBe(path);
    expect(last?.call.headerLines).toBe(
      "Content-Type: application/json\r\nContent-Encoding: gzip\r\nX-Keep: 1\r\n",
    );
  });

  it("tells of every further answer", async () => {
    const { answers } = await follow({ "a:80/predict": "307 /b", "a:80/b": "302 /c" });
    expect(answers).toEqual(["POST 302", "GET 200"]);
  });

  it("does not get credentials back on the way home", async () => {
    const { sent } = await follow({
      "a:80/predict": "307 http://b:81/p",
      "b:81/p": "307 http://a/q",
    });
    expect(sent.map(({ authority }) => authority)).toEqual(["a:80", "b:81", "a:80"]);
    expect(sent[2]?.call.headerLines).not.toMatch(/authorization|cookie/i);
  });

  it.each([
    { from: "/a/b", location: "c", to: "/a/c" },
    { from: "/a/b", location: "../c", to: "/c" },
    { from: "/a/b", location: "?x", to: "/a/b?x" },
    { from: "/a/b", location: "http://a/d", to: "/d" },
  ])("reads $location from where it is", async ({ from, location, to }) => {
    const { last } = await follow({ [`a:80${from}`]: `307 ${location}` }, { path: from });
    expect([last?.authority, last?.call.path]).toEqual(["a:80", to]);
  });

  it("answers a redirect that says no place", async () => {
    expect((await follow({ "a:80/predict": "302" })).reply.status).toBe(302);
  });

  it("sends ten requests and no more", async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, i) => [
          `a:80${i === 0 ? "/predict" : `/${i}`}`,
          `307 /${i + 1}`,
        ]),
      );
    expect((await follow(chain(9))).reply.body.toString()).toBe("/9");
    await expect(follow(chain(10))).rejects.toMatchObject({ code: "NODE_PROTOCOL" });
  });

  it.each(["https://a/p", "ftp://a/p", "http://", "http://a:99999/", "javascript:1"])(
    "refuses to go to %s",
    async (location) => {
      await expect(follow({ "a:80/predict": `302 ${location}` })).rejects.toMatchObject({
        code: "NODE_PROTOCOL",
      });
    },
  );

  it("gives all requests together the time of one", async () => {
    const { sent } = await follow({ "a:80/predict": "307 /x" }, { timeoutMs: 1000 });
    expect(sent[1]?.call.timeoutMs).toBeGreaterThan(0);
    expect(sent[1]?.call.timeoutMs).toBeLessThanOrEqual(1000);
    expect((await follow({ "a:80/predict": "307 /x" })).last?.call.timeoutMs).toBe(0);
  });
});
