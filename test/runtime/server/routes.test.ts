import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeMatch } from "../../../runtime/server/routes.ts";

const routes = [
  { path: "/api/v1.0/predictions", methods: ["OPTIONS", "POST"] },
  { path: "/api/v1.0/status", methods: ["GET", "OPTIONS"] },
  { path: "/api/v1.0/status/{unit}", methods: ["GET", "OPTIONS"] },
  { path: "/v1/models/{unit}:predict", methods: ["OPTIONS", "POST"] },
  { path: "/v1/models/{unit}", methods: ["GET", "OPTIONS"] },
  { path: "/v1/models/:predict", methods: ["OPTIONS", "POST"] },
  { path: "/live", methods: undefined },
  { path: "/doc/**", methods: undefined },
];
const match = makeMatch(routes);

describe("makeMatch", () => {
  it.each([
    { target: "/live", method: "BREW", path: "/live" },
    { target: "/live?x=//y", method: "GET", path: "/live" },
    { target: "/api/v1.0/predictions", method: "POST", path: "/api/v1.0/predictions" },
    { target: "http://h:1/api/v1.0/predictions?a", method: "POST", path: "/api/v1.0/predictions" },
    { target: "/api/v1%2e0/predictions", method: "POST", path: "/api/v1.0/predictions" },
    { target: "/api/v1.0/status/m", method: "GET", path: "/api/v1.0/status/{unit}", unit: "m" },
    {
      target: "/api/v1.0/status/a%20b",
      method: "GET",
      path: "/api/v1.0/status/{unit}",
      unit: "a b",
    },
    {
      target: "/api/v1.0/status/%C3%A9",
      method: "GET",
      path: "/api/v1.0/status/{unit}",
      unit: "é",
    },
    {
      target: "/v1/models/a:predict",
      method: "POST",
      path: "/v1/models/{unit}:predict",
      unit: "a",
    },
    { target: "/v1/models/a:predict", method: "GET", path: "/v1/models/{unit}", unit: "a:predict" },
    { target: "/doc/", method: "GET", path: "/doc/**" },
    { target: "/doc/a/b.html", method: "GET", path: "/doc/**" },
  ])("finds $method $target", ({ target, method, path, unit }) => {
    expect(match(method, target)).toMatchObject({ is: "route", route: { path }, unit });
  });

  it("allows the methods of all routes that fit, in their order", () => {
    expect(match("OPTIONS", "/v1/models/:predict")).toMatchObject({
      allow: "GET,OPTIONS,OPTIONS,POST",
    });
    expect(match("GET", "/live")).toMatchObject({ allow: "" });
  });

  it.each([
    { target: "/api/v1.0/predictions", method: "GET" },
    { target: "/api/v1.0/status", method: "POST" },
    { target: "/api/v1.0/status/m", method: "DELETE" },
  ])("knows the path but not the method of $method $target", ({ target, method }) => {
    expect(match(method, target)).toEqual({ is: "wrong-method" });
  });

  it.each([
    ...["/", "*", "", "x", "/api", "/api/v1.0/predictions/", "/api/v1.0/status/", "/live/"],
    ...["/api/v1.0/status/a/b", "/api/v1.0/status/a%2fb", "/doc", "/Live"],
    "/api/v1x0/predictions",
  ])("does not know %j", (target) => {
    expect(match("GET", target)).toEqual({ is: "unknown" });
  });

  it.each([
    { target: "//live", location: "/live" },
    { target: "/a//b", location: "/a/b" },
    { target: "/a/./b/../live?x=1", location: "/a/live?x=1" },
    { target: "/../../etc", location: "/etc" },
    { target: "/..", location: "/" },
    { target: "/a/..", location: "/" },
    { target: "/a/b/..", location: "/a" },
    { target: "/a/.", location: "/a" },
    { target: "/a/./", location: "/a/" },
    { target: "/a/%2e%2E/b", location: "/b" },
    { target: "/a%2F%2fb", location: "/a/b" },
    { target: "/a//b%20(c)%3F%C3%A9?d=%20", location: "/a/b%20%28c%29%3F%C3%A9?d=%20" },
    { target: "//", location: "/" },
    { target: "//evil.example/..//x", location: "/x" },
    { target: "/api/v1.0/status//m", location: "/api/v1.0/status/m" },
  ])("sends $target to $location", ({ target, location }) => {
    expect(match("POST", target)).toEqual({ is: "moved", location });
  });

  it.each(["/live%", "/%zz", "/a//%2", "/%u0041"])("finds %s malformed", (target) => {
    expect(match("GET", target)).toEqual({ is: "malformed" });
  });

  it("tells the path without its escapes", () => {
    expect(match("GET", "/api/v1.0/status/a%20b?x=%20")).toMatchObject({
      path: "/api/v1.0/status/a b",
    });
  });

  it("does not take names that begin with a dot for unclean", () => {
    expect(match("GET", "/api/v1.0/status/.hidden")).toMatchObject({ unit: ".hidden" });
    expect(match("GET", "/api/v1.0/status/...")).toMatchObject({ unit: "..." });
  });

  it("moves to a clean path of this host, never twice, whatever comes", () => {
    const piece = fc.constantFrom("/", "//", ".", "..", "a", "%2e", "%", "?", "live", "\u00e9");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const found = match("GET", `/${pieces.join("")}`);
        if (found.is !== "moved") return true;
        const again = match("GET", found.location);
        return again.is !== "moved" && /^\/(?!\/)/.test(found.location);
      }),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
