import { describe, expect, it } from "@jest/globals";
import { ambassador, deploymentOf, predictor, routesOf, specOf } from "./fixture.ts";

/** The REST and the gRPC mapping of a deployment with these annotations. */
const mappingsWith = (annotations: Readonly<Record<string, string>>) => {
  const objects = routesOf(deploymentOf([predictor("a")], annotations), ambassador);
  return {
    rest: specOf(objects, "Mapping", "seldon-ns1-mymodel-a-rest"),
    grpc: specOf(objects, "Mapping", "seldon-ns1-mymodel-a-grpc"),
  };
};

const own = { seldon: "mymodel", namespace: "ns1" };

describe("mappings", () => {
  it.each([
    { annotations: {}, rest: { timeout_ms: 3000 }, grpc: { timeout_ms: 3000 } },
    {
      annotations: { "rest-timeout": "100" },
      rest: { timeout_ms: 100 },
      grpc: { timeout_ms: 3000 },
    },
    {
      annotations: { "grpc-timeout": "200" },
      rest: { timeout_ms: 3000 },
      grpc: { timeout_ms: 200 },
    },
    {
      annotations: { "rest-timeout": "300000", "grpc-timeout": "300001" },
      rest: { timeout_ms: 300000 },
      grpc: { timeout_ms: 300001, idle_timeout_ms: 300001 },
    },
    {
      annotations: { "ambassador-service-name": "iris" },
      rest: { prefix: "/seldon/ns1/iris/" },
      grpc: { headers: { seldon: "iris", namespace: "ns1" } },
    },
    {
      annotations: { "ambassador-header": "location: london" },
      rest: { headers: { location: "london" } },
      grpc: { headers: { ...own, location: "london" } },
    },
    {
      annotations: { "ambassador-header": "canary" },
      rest: { headers: { canary: true } },
      grpc: { headers: { ...own, canary: true } },
    },
    {
      annotations: { "ambassador-regex-header": "location: lon.*" },
      rest: { regex_headers: { location: "lon.*" } },
      grpc: { headers: own, regex_headers: { location: "lon.*" } },
    },
    {
      annotations: { "ambassador-header": "a: 1", "ambassador-regex-header": "b: 2" },
      rest: { headers: { a: "1" }, regex_headers: { b: "2" } },
      grpc: { headers: { ...own, a: "1" }, regex_headers: { b: "2" } },
    },
    ...[
      { annotations: { "ambassador-id": "mine" }, both: { ambassador_id: ["mine"] } },
      {
        annotations: { "ambassador-retries": "3" },
        both: { retry_policy: { retry_on: "gateway-error", num_retries: 3 } },
      },
      {
        annotations: { "ambassador-circuit-breakers-max-pending-requests": "7" },
        both: { circuit_breakers: [{ max_pending_requests: 7 }] },
      },
      {
        annotations: {
          "ambassador-circuit-breakers-max-connections": "1",
          "ambassador-circuit-breakers-max-pending-requests": "2",
          "ambassador-circuit-breakers-max-requests": "3",
          "ambassador-circuit-breakers-max-retries": "0",
        },
        both: {
          circuit_breakers: [
            { max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 0 },
          ],
        },
      },
    ].map(({ annotations, both }) => ({ annotations, rest: both, grpc: both })),
  ])("say what $annotations ask for", ({ annotations, rest, grpc }) => {
    expect(mappingsWith(annotations as Record<string, string>)).toMatchObject({ rest, grpc });
  });

  it.each(["retry_policy", "circuit_breakers", "ambassador_id", "headers", "regex_headers", "tls"])(
    "say nothing of %s where nobody asks",
    (field) => {
      const annotations = {
        "ambassador-retries": "0",
        "ambassador-id": "",
        "ambassador-header": "",
      };
      expect(mappingsWith(annotations).rest).not.toHaveProperty(field);
    },
  );
});
