import { describe, expect, it } from "@jest/globals";
import { findGrpcRoute, type GrpcFound } from "../../local/grpc-routes.ts";
import type { Route } from "../../local/routes.ts";

const routeOf = (namespace: string, name: string): Route => ({
  namespace,
  name,
  state: () => ({ is: "starting", waitingFor: [] }),
});
const routes = [
  routeOf("a", "twin"),
  routeOf("b", "twin"),
  routeOf("default", "wine"),
  routeOf("a", "wine"),
  routeOf("a", "beer"),
];
const predict = "/seldon.protos.Seldon/Predict";
const check = "/grpc.health.v1.Health/Check";
const find = (
  path: string,
  deployment?: string,
  namespace?: string,
  among: readonly Route[] = routes,
): GrpcFound => findGrpcRoute({ path, deployment, namespace }, among, "default");

describe("findGrpcRoute", () => {
  it.each([
    { name: "both names", deployment: "twin", namespace: "b", want: routes[1] },
    { name: "a name that one namespace has", deployment: "beer", want: routes[4] },
    { name: "a name that the default namespace has too", deployment: "wine", want: routes[2] },
    { name: "a name that is elsewhere too", deployment: "wine", namespace: "a", want: routes[3] },
  ])("finds a deployment by $name", ({ deployment, namespace, want }) => {
    for (const path of [predict, check]) {
      expect(find(path, deployment, namespace)).toEqual({ is: "found", route: want });
    }
  });

  it.each([
    { path: check },
    { path: "/grpc.health.v1.Health/Watch" },
    { path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" },
    { path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" },
  ])("finds the only deployment for $path", ({ path }) => {
    const [only] = routes;
    expect(find(path, undefined, undefined, routes.slice(0, 1))).toEqual({
      is: "found",
      route: only,
    });
  });

  it.each([
    {
      name: "no metadata",
      path: predict,
      among: routes.slice(0, 1),
      code: "UNIMPLEMENTED",
      why: /^the call names no deployment; .*seldon=twin namespace=a$/,
    },
    {
      name: "no metadata, and several that could be meant",
      path: check,
      code: "NOT_FOUND",
      why: /^the call names no deployment; /,
    },
    {
      name: "an unknown name",
      path: predict,
      deployment: "x",
      code: "NOT_FOUND",
      why: /^there is no deployment "x"; .*seldon=beer namespace=a$/,
    },
    {
      name: "a name in another namespace",
      path: predict,
      deployment: "beer",
      namespace: "b",
      code: "NOT_FOUND",
      why: /^there is no deployment "beer" in namespace "b"; /,
    },
    {
      name: "a name in several namespaces",
      path: predict,
      deployment: "twin",
      code: "NOT_FOUND",
      why: /^several namespaces have a deployment "twin"; .*seldon=twin namespace=b/,
    },
    {
      name: "nothing that runs",
      path: check,
      among: [],
      code: "NOT_FOUND",
      why: /^there is no deployment here$/,
    },
  ])("finds nothing for $name", ({ path, deployment, namespace, among, code, why }) => {
    expect(find(path, deployment, namespace, among)).toEqual({
      is: "nothing",
      code,
      why: expect.stringMatching(why),
    });
  });

  it("names no more than a client can read", () => {
    const many = Array.from({ length: 500 }, (_, i) => routeOf("ns", `d${i}`));
    const found = find(predict, "x", undefined, many);
    expect(found.is === "nothing" && found.why.endsWith("namespace=ns, and 480 more")).toBe(true);
  });
});
