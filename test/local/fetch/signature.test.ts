import { describe, expect, it } from "@jest/globals";
import { signedHeaders } from "../../../local/fetch/signature.ts";

/** Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header", examples. */
const example = {
  region: "us-east-1",
  service: "s3",
  credentials: {
    id: "AKIAIOSFODNN7EXAMPLE",
    secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    token: undefined,
  },
  at: new Date("2013-05-24T00:00:00Z"),
};
const host = "https://examplebucket.s3.amazonaws.com";

describe("signedHeaders", () => {
  it.each([
    {
      name: "of an object",
      path: "/test.txt",
      headers: { range: "bytes=0-9" },
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
      name: "of a query without a value",
      path: "/?lifecycle",
      headers: {},
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
      name: "of a list",
      path: "/?max-keys=2&prefix=J",
      headers: {},
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ])("are those of the standard's example: $name", ({ path, headers, signature }) => {
    const { authorization } = signedHeaders({ ...example, url: new URL(host + path), headers });
    expect(authorization).toContain(`Signature=${signature}`);
  });

  it("sign a token that is lent for a time", () => {
    const credentials = { ...example.credentials, token: "lent" };
    const headers = signedHeaders({ ...example, credentials, url: new URL(host) });
    expect(headers["x-amz-security-token"]).toBe("lent");
    expect(headers["authorization"]).toContain(";x-amz-security-token,");
  });
});
