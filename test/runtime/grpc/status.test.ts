import { describe, expect, it } from "@jest/globals";
import { codeOfReset, faultOfHead, statusFields, statusIn } from "../../../runtime/grpc/status.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { errorCodes } from "../../../runtime/http2/error-codes.ts";

describe("a status in fields", () => {
  it.each([
    { name: "no details", details: "", text: undefined },
    { name: "plain", details: "no such thing", text: "no such thing" },
    { name: "beyond ASCII", details: "näh <&>", text: "n%C3%A4h <&>" },
    { name: "a per cent sign", details: "100%", text: "100%25" },
    { name: "lines", details: "a\r\nb", text: "a%0D%0Ab" },
    { name: "spaces around", details: " a b ", text: "%20a b%20" },
    { name: "a space alone", details: " ", text: "%20" },
    { name: "a character of four bytes", details: "😀", text: "%F0%9F%98%80" },
  ])("is written so that it is read as it was: $name", ({ details, text }) => {
    const fields = statusFields({ code: grpcCodes.NOT_FOUND, details });
    expect(fields).toEqual([
      "grpc-status",
      "5",
      ...(text === undefined ? [] : ["grpc-message", text]),
    ]);
    expect(statusIn(fields)).toEqual({ code: grpcCodes.NOT_FOUND, details });
  });

  it("has no halves of characters", () => {
    const fields = statusFields({ code: 2, details: "x\ud83d" });
    expect(statusIn(fields)?.details).toBe("x\ufffd");
  });

  it("keeps its bytes", () => {
    const rich = Buffer.from([8, 3, 0xff]);
    const fields = statusFields({ code: 3, details: "", rich });
    expect(statusIn(fields)).toEqual({ code: 3, details: "", rich });
  });

  it.each([
    { name: "badly escaped", fields: ["grpc-status", "3", "grpc-message", "100%zz %ff"], code: 3 },
    { name: "no number", fields: ["grpc-status", "fine"], code: grpcCodes.UNKNOWN },
    { name: "a negative one", fields: ["grpc-status", "-1"], code: grpcCodes.UNKNOWN },
    { name: "of no known code", fields: ["grpc-status", "77"], code: 77 },
  ])("is read when it is $name", ({ fields, code }) => {
    expect(statusIn(fields)?.code).toBe(code);
  });

  it("is none without its field", () => {
    expect(statusIn(["grpc-message", "x"])).toBeUndefined();
  });
});

describe("faultOfHead", () => {
  it.each([
    [400, "INTERNAL"],
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "UNIMPLEMENTED"],
    [429, "UNAVAILABLE"],
    [431, "UNKNOWN"],
    [500, "UNKNOWN"],
    [502, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [504, "UNAVAILABLE"],
  ] as const)("of HTTP status %i is %s", (status, code) => {
    expect(faultOfHead([":status", String(status)])?.code).toBe(grpcCodes[code]);
  });

  it.each(["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"])(
    "is none for %s",
    (type) => {
      expect(faultOfHead([":status", "200", "content-type", type])).toBeUndefined();
    },
  );

  it.each([
    { name: "another type", head: [":status", "200", "content-type", "text/html"] },
    { name: "no type", head: [":status", "200"] },
  ])("is UNKNOWN for $name", ({ head }) => {
    expect(faultOfHead(head)?.code).toBe(grpcCodes.UNKNOWN);
  });
});

describe("codeOfReset", () => {
  it.each([
    ["REFUSED_STREAM", "UNAVAILABLE"],
    ["CANCEL", "CANCELLED"],
    ["ENHANCE_YOUR_CALM", "RESOURCE_EXHAUSTED"],
    ["INADEQUATE_SECURITY", "PERMISSION_DENIED"],
    ["NO_ERROR", "INTERNAL"],
    ["PROTOCOL_ERROR", "INTERNAL"],
    ["INTERNAL_ERROR", "INTERNAL"],
  ] as const)("of %s is %s", (reset, code) => {
    expect(codeOfReset(errorCodes[reset])).toBe(grpcCodes[code]);
  });
});
