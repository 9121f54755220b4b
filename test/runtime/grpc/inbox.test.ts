import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { GrpcStatus } from "../../../runtime/errors.ts";
import { makeInbox } from "../../../runtime/grpc/inbox.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { framed } from "../../contract/http2.ts";

/** An inbox and what came out of it; `onMessage` may act on the inbox. */
const open = (onMessage: (text: string) => void = () => {}, limitBytes = 1000) => {
  const heard: string[] = [];
  let end = (_fault: GrpcStatus | undefined): void => {};
  const ended = new Promise<GrpcStatus | undefined>((resolve) => {
    end = resolve;
  });
  const inbox = makeInbox(() => undefined, {
    limitBytes,
    maxUnpackedBytes: limitBytes,
    message: (body) => {
      heard.push(body.toString());
      onMessage(body.toString());
    },
    end: (fault) => {
      heard.push("end");
      end(fault);
    },
  });
  return { inbox, heard, ended };
};

const plain = (text: string): Buffer => framed(Buffer.from(text));
const packed = (text: string): Buffer => framed(gzipSync(Buffer.from(text)), 1);

describe("makeInbox", () => {
  it("tells messages at once, in their order, and the end", async () => {
    const { inbox, heard, ended } = open();
    inbox.read(Buffer.concat([plain("a"), plain("b")]), undefined);
    expect(heard).toEqual(["a", "b"]);
    inbox.finish();
    expect(heard).toEqual(["a", "b", "end"]);
    expect(await ended).toBeUndefined();
  });

  it("keeps the order when some are packed", async () => {
    const { inbox, heard, ended } = open();
    inbox.read(Buffer.concat([packed("a"), plain("b"), packed("c"), plain("d")]), "gzip");
    inbox.finish();
    expect(await ended).toBeUndefined();
    expect(heard).toEqual(["a", "b", "c", "d", "end"]);
  });

  it("tells nothing while it is paused, not even the end", () => {
    const { inbox, heard } = open(() => inbox.pause());
    inbox.read(Buffer.concat([plain("a"), plain("b")]), undefined);
    inbox.finish();
    expect(heard).toEqual(["a"]);
    inbox.resume();
    expect(heard).toEqual(["a", "b"]);
    inbox.resume();
    expect(heard).toEqual(["a", "b", "end"]);
  });

  it("tells nothing after it was dropped", () => {
    const { inbox, heard } = open(() => inbox.drop());
    inbox.read(Buffer.concat([plain("a"), plain("b")]), undefined);
    inbox.finish();
    expect(heard).toEqual(["a"]);
  });

  it.each([
    { name: "too large", bytes: framed(Buffer.alloc(1001)), code: grpcCodes.RESOURCE_EXHAUSTED },
    { name: "no gzip", bytes: framed(Buffer.from("x"), 1), code: grpcCodes.INTERNAL },
    { name: "cut off", bytes: plain("abc").subarray(0, 6), code: grpcCodes.INTERNAL },
  ])(
    "ends with a fault at a message that is $name, after those before",
    async ({ bytes, code }) => {
      const { inbox, heard, ended } = open();
      inbox.read(Buffer.concat([plain("a"), bytes]), "gzip");
      inbox.finish();
      expect((await ended)?.code).toBe(code);
      expect(heard).toEqual(["a", "end"]);
    },
  );
});
