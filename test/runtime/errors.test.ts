import { describe, expect, it } from "@jest/globals";
import {
  asEngineError,
  EngineError,
  errorTable,
  httpStatusOf,
  withoutAnswer,
} from "../../runtime/errors.ts";
import { grpcCodes } from "../../runtime/grpc-status.ts";

const answer = {
  status: 409,
  body: Buffer.from("x"),
  contentType: undefined,
  contentEncoding: undefined,
};

describe("errorTable", () => {
  it.each(Object.entries(errorTable))("%s has statuses that exist", (code, { http, grpc }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(http).toBeGreaterThanOrEqual(400);
    expect(http).toBeLessThan(600);
    expect(grpcCodes[grpc]).toBeGreaterThan(0);
  });
});

describe("httpStatusOf", () => {
  it("is the node's where one answered, else the table's", () => {
    expect(httpStatusOf(new EngineError("NODE_STATUS", "x", { answer }))).toBe(409);
    expect(httpStatusOf(new EngineError("NODE_STATUS", "x", { status: 418 }))).toBe(418);
    expect(httpStatusOf(new EngineError("GRAPH_DEADLINE", "x"))).toBe(504);
  });
});

describe("withoutAnswer", () => {
  it("keeps code, message and status, and drops the node's body", () => {
    const error = withoutAnswer(new EngineError("NODE_STATUS", "x", { answer }));
    expect(error).toMatchObject({ code: "NODE_STATUS", message: "x", status: 409 });
    expect(error.answer).toBeUndefined();
  });

  it("leaves an error alone that has none", () => {
    const error = new EngineError("NODE_TIMEOUT", "x");
    expect(withoutAnswer(error)).toBe(error);
  });
});

describe("asEngineError", () => {
  it("leaves ours alone and takes any other value for a defect", () => {
    const error = new EngineError("NODE_TIMEOUT", "x");
    expect(asEngineError(error)).toBe(error);
    const cause = new TypeError("y");
    expect(asEngineError(cause)).toMatchObject({ code: "INTERNAL", message: "y", cause });
    expect(asEngineError("z")).toMatchObject({ code: "INTERNAL", message: "z" });
    expect(asEngineError(undefined)).toMatchObject({ code: "INTERNAL" });
  });
});
