import { describe, expect, it } from "@jest/globals";
import type { ClusterErrorCode } from "../../../operator/cluster/cluster.ts";
import { failureOf } from "../../../operator/cluster/failure.ts";

const resource = "deployments.apps";

type Row = {
  readonly name: string;
  readonly status: number;
  readonly body: unknown;
  readonly code: ClusterErrorCode;
};

const rows: readonly Row[] = [
  { name: "a conflict", status: 409, body: { reason: "Conflict" }, code: "CONFLICT" },
  { name: "a name taken", status: 409, body: { reason: "AlreadyExists" }, code: "EXISTS" },
  { name: "no right", status: 403, body: { reason: "Forbidden" }, code: "FORBIDDEN" },
  {
    name: "a namespace that ends",
    status: 403,
    body: { reason: "Forbidden", details: { causes: [{ reason: "NamespaceTerminating" }] } },
    code: "NAMESPACE_TERMINATING",
  },
  { name: "no such namespace", status: 404, body: { reason: "NotFound" }, code: "NOT_FOUND" },
  { name: "no such kind", status: 404, body: "404 page not found\n", code: "NOT_FOUND" },
  { name: "an invalid object", status: 422, body: { reason: "Invalid" }, code: "INVALID" },
  { name: "a malformed request", status: 400, body: { reason: "BadRequest" }, code: "INVALID" },
  { name: "too many requests", status: 429, body: {}, code: "UNAVAILABLE" },
  { name: "a token that ran out", status: 401, body: {}, code: "UNAVAILABLE" },
  { name: "a proxy's error page", status: 502, body: "<html>", code: "UNAVAILABLE" },
  { name: "no body", status: 500, body: undefined, code: "UNAVAILABLE" },
];

describe("failureOf", () => {
  it.each(rows)("tells $name by its code", ({ status, body, code }) => {
    expect(failureOf("apply x", { status, body }, resource).code).toBe(code);
  });

  it("says what was attempted and what the server says", () => {
    const failure = failureOf(
      "apply Service ns1/x",
      { status: 422, body: { message: "bad" } },
      resource,
    );
    expect(failure.message).toBe("cannot apply Service ns1/x: bad");
    expect(failureOf("y", { status: 502, body: "" }, resource).message).toContain("502");
    expect(
      failureOf("y", { status: 500, body: "x".repeat(9_999) }, resource).message.length,
    ).toBeLessThan(1_100);
  });

  it("names the right to grant, and only where one is missing", () => {
    const rbac = 'deployments.apps is forbidden: User "u" cannot patch resource "deployments"';
    const quota = 'deployments.apps "x" is forbidden: exceeded quota: q';
    const say = (message: string) =>
      failureOf("x", { status: 403, body: { message } }, resource).message;
    expect(say(rbac)).toContain("grant the verb patch on deployments.apps");
    expect(say(quota)).not.toContain("grant");
  });
});
