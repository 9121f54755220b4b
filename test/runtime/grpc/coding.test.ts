import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { GrpcStatus } from "../../../runtime/errors.ts";
import { unpack } from "../../../runtime/grpc/coding.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";

const body = Buffer.alloc(1000, "abc");

const unpacked = (bytes: Buffer, coding: string | undefined, limit = 1000) =>
  new Promise<{ readonly fault: GrpcStatus | undefined; readonly body: Buffer }>((resolve) => {
    unpack(bytes, coding, limit, (fault, whole) => resolve({ fault, body: whole }));
  });

describe("unpack", () => {
  it.each([
    { coding: "gzip", bytes: gzipSync(body) },
    { coding: "deflate", bytes: deflateSync(body) },
  ])("reads $coding", async ({ coding, bytes }) => {
    const outcome = await unpacked(bytes, coding);
    expect(outcome.fault).toBeUndefined();
    expect(outcome.body.equals(body)).toBe(true);
  });

  it.each([
    { name: "no coding", coding: undefined, code: grpcCodes.INTERNAL },
    { name: "the coding identity", coding: "identity", code: grpcCodes.INTERNAL },
    { name: "a coding that is not known", coding: "snappy", code: grpcCodes.UNIMPLEMENTED },
    { name: "another coding than it says", coding: "deflate", code: grpcCodes.INTERNAL },
  ])("has a status for $name", async ({ coding, code }) => {
    expect((await unpacked(gzipSync(body), coding)).fault?.code).toBe(code);
  });

  it("is RESOURCE_EXHAUSTED beyond the limit", async () => {
    expect((await unpacked(gzipSync(body), "gzip", 999)).fault?.code).toBe(
      grpcCodes.RESOURCE_EXHAUSTED,
    );
  });
});
