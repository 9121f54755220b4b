import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { HttpCall } from "../../../runtime/client/http.ts";
import type { HttpReply } from "../../../runtime/client/reply-reader.ts";
import {
  makeRestNode,
  type RestCarried,
  type RestNodeOptions,
} from "../../../runtime/client/rest-node.ts";
import { type Done, promised } from "../../../runtime/done.ts";
import type { Call } from "../../../runtime/engine/call.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import type { Payload } from "../../../runtime/payload.ts";
import type { Verb } from "../../../runtime/protocol/protocol.ts";
import { makeSeldonRest } from "../../../runtime/protocol/seldon-rest.ts";
import { makeScope } from "../../../runtime/scope.ts";

const message = (over: object = {}) => ({
  body: Buffer.from("{}"),
  contentType: "application/json" as string | undefined,
  contentEncoding: undefined as string | undefined,
  ...over,
});

/** A node whose host gives one reply, what was sent to it, and what was observed. */
const nodeOf = (reply: Partial<HttpReply>, over: Partial<RestNodeOptions> = {}) => {
  const sent: HttpCall[] = [];
  const observed: object[] = [];
  const client = {
    authority: "h:9",
    send: (call: HttpCall, done: Done<HttpReply>) => {
      sent.push(call);
      done(undefined, { status: 200, headers: [], body: Buffer.from("answer"), ...reply });
    },
    close: () => {},
  };
  const node = makeRestNode({
    name: "m",
    host: "h",
    port: 9,
    client,
    protocol: makeSeldonRest(1000),
    timeoutMs: 77,
    limits: { ...defaultLimits, maxDecompressedBytes: 1000 },
    clientFor: () => client,
    counter: (labels) => (status) => observed.push({ ...labels, status }),
    ...over,
  });
  const call = (verb: Verb, message: Payload | undefined, about: Call<RestCarried>) =>
    promised<Payload>((done) => node.call(verb, message, about, done));
  return { node: { call }, sent, observed };
};

const callWith = (carried: Partial<RestCarried> = {}) => ({
  id: "i",
  carried: { headerLines: "Seldon-Puid: i\r\n", acceptsEncoding: false, ...carried },
  modelName: undefined,
  scope: makeScope(),
  routes: new Map<string, number>(),
});

describe("makeRestNode", () => {
  it("posts a message with its own type and coding before what the client sent", async () => {
    const { node, sent } = nodeOf({});
    const call = callWith();
    await node.call("transform-input", message({ contentEncoding: "br" }), call);
    expect(sent).toEqual([
      {
        method: "POST",
        path: "/transform-input",
        headerLines: "Content-Type: application/json\r\nContent-Encoding: br\r\nSeldon-Puid: i\r\n",
        body: Buffer.from("{}"),
        timeoutMs: 77,
        scope: call.scope,
      },
    ]);
  });

  it.each([
    { given: undefined, line: "Content-Type: \r\n" },
    { given: "", line: "Content-Type: \r\n" },
    { given: "text/plain", line: "Content-Type: text/plain\r\n" },
  ])("says $given as the type of a message", async ({ given, line }) => {
    const { node, sent } = nodeOf({});
    await node.call("predict", message({ contentType: given }), callWith({ headerLines: "" }));
    expect(sent[0]?.headerLines).toBe(line);
  });

  it("asks without a message by GET", async () => {
    const { node, sent, observed } = nodeOf({ status: 200 });
    await node.call("status", undefined, callWith());
    expect(sent[0]).toMatchObject({
      method: "GET",
      path: "/health/status",
      headerLines: "Seldon-Puid: i\r\n",
      body: undefined,
    });
    expect(observed).toMatchObject([{ method: "get", path: "/health/status", status: 200 }]);
  });

  it("answers with body, type and coding, and nothing else of the reply", async () => {
    const headers = ["set-cookie", "x", "content-type", "a/b", "content-encoding", "br"];
    const { node } = nodeOf({ headers });
    expect(await node.call("predict", message(), callWith())).toMatchObject({
      body: Buffer.from("answer"),
      contentType: "a/b",
      contentEncoding: "br",
    });
  });

  it.each([201, 204, 302, 404, 500, 599])(
    "throws the node's answer at status %i",
    async (status) => {
      const { node, observed } = nodeOf({ status, headers: ["content-type", "a/b"] });
      const error = await node.call("predict", message(), callWith()).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(EngineError);
      expect(error).toMatchObject({
        code: "NODE_STATUS",
        status,
        message: `Internal service call from executor failed calling http://h:9/predict status code ${status}`,
        answer: { status, body: Buffer.from("answer"), contentType: "a/b" },
      });
      expect(observed).toMatchObject([{ status, method: "post", path: "/predict", model: "m" }]);
    },
  );

  it("is known by the model name of the request, if it has one", async () => {
    const { node, observed } = nodeOf({});
    await node.call("predict", message(), { ...callWith(), modelName: "other" });
    expect(observed).toMatchObject([{ model: "other" }]);
  });

  it("is not observed when no answer came", async () => {
    const failing = {
      authority: "h:9",
      send: (_: HttpCall, done: Done<HttpReply>) => {
        done(new EngineError("NODE_UNREACHABLE", "gone"), undefined);
      },
      close: () => {},
    };
    const { node, observed } = nodeOf({}, { client: failing });
    await expect(node.call("predict", message(), callWith())).rejects.toMatchObject({
      code: "NODE_UNREACHABLE",
    });
    expect(observed).toEqual([]);
  });
});

describe("makeRestNode and compressed answers", () => {
  const zipped = gzipSync("plain text");

  it.each(["gzip", "GZIP"])("unpacks %s that the client did not ask for", async (coding) => {
    const { node } = nodeOf({ body: zipped, headers: ["content-encoding", coding] });
    const answer = await node.call("predict", message(), callWith());
    expect([answer.body.toString(), answer.contentEncoding]).toEqual(["plain text", undefined]);
  });

  it("passes on what the client asked for", async () => {
    const { node } = nodeOf({ body: zipped, headers: ["content-encoding", "gzip"] });
    const answer = await node.call("predict", message(), callWith({ acceptsEncoding: true }));
    expect([answer.body.equals(zipped), answer.contentEncoding]).toEqual([true, "gzip"]);
  });

  it("unpacks an error's body too", async () => {
    const { node } = nodeOf({ status: 400, body: zipped, headers: ["content-encoding", "gzip"] });
    await expect(node.call("predict", message(), callWith())).rejects.toMatchObject({
      answer: { status: 400, body: Buffer.from("plain text"), contentEncoding: undefined },
    });
  });

  it("takes an empty body for an empty message", async () => {
    const { node } = nodeOf({
      status: 204,
      body: Buffer.alloc(0),
      headers: ["content-encoding", "gzip"],
    });
    await expect(node.call("predict", message(), callWith())).rejects.toMatchObject({
      code: "NODE_STATUS",
      status: 204,
    });
  });

  it.each([
    { name: "what is no gzip", body: Buffer.from("plain") },
    { name: "half of it", body: zipped.subarray(0, 12) },
    { name: "more than the limit", body: gzipSync(Buffer.alloc(1001)) },
    { name: "a bomb", body: gzipSync(Buffer.alloc(50_000_000)) },
  ])("refuses $name", async ({ body }) => {
    const { node } = nodeOf({ body, headers: ["content-encoding", "gzip"] });
    await expect(node.call("predict", message(), callWith())).rejects.toMatchObject({
      code: "NODE_PROTOCOL",
    });
  });
});
