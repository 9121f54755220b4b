import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parse } from "../../../api/parse.ts";
import { defaultSettings } from "../../../api/settings.ts";
import {
  maxCauses,
  maxTextChars,
  maxWarningChars,
  maxWarningsChars,
} from "../../../operator/admission/answer.ts";
import { review } from "../../../operator/admission/review.ts";
import { builtIn, container, manifest, node, pod, withPredictor } from "../../api/manifest.ts";
import { rows } from "../../api/rules.ts";
import { asking, askingUpdate, bad, good } from "./asked.ts";

/** Another seed is other cases: what one run finds, the next one must find too. */
const options = { seed: 20_261_122, numRuns: 300 };

const responseTo = (body: unknown, settings = defaultSettings) => {
  const reviewed = review(JSON.parse(JSON.stringify(body)), settings);
  if (!reviewed.ok) throw new Error(JSON.stringify(reviewed.issues));
  return reviewed.value.response;
};
const fieldsOf = (body: unknown, settings = defaultSettings) =>
  responseTo(body, settings).status?.details.causes.map(({ field }) => field);

describe("review, by the rules of the contract", () => {
  it.each(rows)("$name", ({ value, paths }) => {
    const response = responseTo(asking(value));
    expect(response.allowed).toBe(paths.length === 0);
    expect(response.status?.details.causes.map(({ field }) => field) ?? []).toEqual(paths);
  });

  it.each(rows.filter(({ paths }) => paths.length > 0))("$name, on update", ({ value, paths }) => {
    expect(fieldsOf(askingUpdate(good, value))).toEqual(paths);
  });

  it("says what espalier validate says, to the letter", () => {
    for (const { value } of rows) {
      const written = JSON.parse(JSON.stringify(value));
      const parsed = parse(written, defaultSettings);
      const causes = responseTo(asking(value)).status?.details.causes ?? [];
      expect(causes.map(({ field, message }) => ({ path: field, message }))).toEqual(
        parsed.ok ? [] : parsed.issues,
      );
    }
  });
});

describe("review", () => {
  it("refuses as the API server itself refuses", () => {
    const value = manifest({ protocol: "grpc", transport: "REST" });
    expect(responseTo(asking(value))).toMatchObject({
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      allowed: false,
      status: {
        status: "Failure",
        code: 422,
        reason: "Invalid",
        details: {
          name: "mymodel",
          group: "machinelearning.seldon.io",
          kind: "SeldonDeployment",
          causes: [
            { reason: "FieldValueInvalid", field: "spec.protocol" },
            { reason: "FieldValueInvalid", field: "spec.transport" },
          ],
        },
      },
    });
  });

  it("names the faults in the message too", () => {
    const { status } = responseTo(asking(manifest({ protocol: "grpc", transport: "REST" })));
    expect(status?.message).toMatch(
      /^SeldonDeployment\.machinelearning\.seldon\.io "mymodel" is invalid: spec\.protocol: .+; spec\.transport: /,
    );
  });

  it.each(["v1", "v1beta1"])("answers an AdmissionReview of %s in kind", (version) => {
    const body = { ...asking(good), apiVersion: `admission.k8s.io/${version}` };
    const reviewed = review(body, defaultSettings);
    expect(reviewed).toMatchObject({
      ok: true,
      value: {
        apiVersion: `admission.k8s.io/${version}`,
        kind: "AdmissionReview",
        response: { uid: "705ab4f5-6393-11e8-b7cc-42010a800002", allowed: true },
      },
    });
  });

  it.each(["v1", "v1alpha2", "v1alpha3"])("judges a deployment of %s", (version) => {
    const apiVersion = `machinelearning.seldon.io/${version}`;
    expect(responseTo(asking({ ...good, apiVersion })).allowed).toBe(true);
    expect(responseTo(asking({ ...bad, apiVersion })).allowed).toBe(false);
  });

  it("judges by the settings of now", () => {
    const value = withPredictor({
      graph: node("m", { implementation: "MINE", modelUri: "gs://x" }),
    });
    const known = { MINE: { protocols: { seldon: { image: "mine", defaultImageVersion: "1" } } } };
    expect(responseTo(asking(value)).allowed).toBe(false);
    expect(responseTo(asking(value), { ...defaultSettings, predictorServers: known }).allowed).toBe(
      true,
    );
  });

  it.each([
    { name: "a deletion", request: { operation: "DELETE", object: null, oldObject: bad } },
    { name: "a connection", request: { operation: "CONNECT" } },
    { name: "the status", request: { operation: "UPDATE", subResource: "status" } },
    { name: "the scale", request: { operation: "UPDATE", subResource: "scale" } },
    {
      name: "another kind",
      request: { kind: { group: "apps", version: "v1", kind: "SeldonDeployment" } },
    },
  ])("lets pass $name", ({ request }) => {
    expect(responseTo(asking(bad, request)).allowed).toBe(true);
  });

  it("warns of a configuration that sends it other kinds", () => {
    const pods = { kind: { group: "", version: "v1", kind: "Pod" } };
    expect(responseTo(asking({ kind: "Pod" }, pods)).warnings).toHaveLength(1);
  });

  it("lets pass what is being deleted, so that its finalizers can go", () => {
    const dying = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    const changed = manifest({ protocol: "grpc", transport: "x" }, dying);
    expect(responseTo(askingUpdate(bad, changed)).allowed).toBe(true);
  });

  it.each([
    { name: "labels", metadata: { labels: { team: "a" } } },
    { name: "finalizers", metadata: { finalizers: ["example.com/x"] } },
    { name: "annotations", metadata: { annotations: { note: "x" } } },
  ])("lets pass other $name of one that had its fault before, and warns", ({ metadata }) => {
    const changed = manifest({ protocol: "grpc" }, metadata);
    const response = responseTo(askingUpdate(bad, changed));
    expect(response.allowed).toBe(true);
    expect(response.warnings).toEqual([expect.stringMatching(/^spec\.protocol: /)]);
  });

  it("refuses a new fault beside an old one, and warns of the old one", () => {
    const changed = manifest(
      { protocol: "grpc" },
      { annotations: { "seldon.io/executor-logger-queue-size": "many" } },
    );
    const response = responseTo(askingUpdate(bad, changed));
    expect(response.status?.details.causes.map(({ field }) => field)).toEqual([
      'metadata.annotations["seldon.io/executor-logger-queue-size"]',
    ]);
    expect(response.warnings).toEqual([expect.stringMatching(/^spec\.protocol: /)]);
  });

  it("refuses an old fault when the spec changes, and everything on create", () => {
    expect(fieldsOf(askingUpdate(bad, manifest({ protocol: "grpc", replicas: 2 })))).toEqual([
      "spec.protocol",
    ]);
    expect(fieldsOf(asking(bad, { oldObject: bad }))).toEqual(["spec.protocol"]);
  });

  it("lets a spec be mended", () => {
    expect(responseTo(askingUpdate(bad, good)).allowed).toBe(true);
  });

  it("passes warnings on, with and without faults", () => {
    const more = { serverType: "rpc", oauth_key: "x" };
    expect(responseTo(asking(manifest(more))).warnings).not.toHaveLength(0);
    expect(responseTo(asking(manifest({ ...more, protocol: "grpc" }))).warnings).not.toHaveLength(
      0,
    );
    expect(responseTo(asking(good))).not.toHaveProperty("warnings");
  });

  it("keeps warnings within the bounds of the API, and free of control characters", () => {
    const oddities = Array.from({ length: 60 }, (_, i) => [
      `odd\n${i}${"\u{1F333}".repeat(300)}`,
      1,
    ]);
    const value = withPredictor({
      componentSpecs: [pod(container("model", Object.fromEntries(oddities)))],
    });
    const { allowed, warnings = [] } = responseTo(asking(value));
    expect(allowed).toBe(true);
    expect(warnings.length).toBeGreaterThan(5);
    for (const line of warnings) {
      expect([...line].length).toBeLessThanOrEqual(maxWarningChars);
      expect(line).not.toMatch(/\p{Cc}/u);
    }
    expect([...warnings.join("")].length).toBeLessThanOrEqual(maxWarningsChars);
    expect(warnings.at(-1)).toMatch(/^\d+ more/);
  });

  it("bounds what it tells of very many and very long faults", () => {
    const children = Array.from({ length: 300 }, (_, i) => node(`${"n".repeat(5_000)}${i}`));
    const value = withPredictor({ graph: builtIn("model", { children }) });
    const { status } = responseTo(asking(value));
    const causes = status?.details.causes ?? [];
    expect(causes).toHaveLength(maxCauses);
    expect(Math.max(...causes.map(({ message }) => message.length))).toBe(maxTextChars);
    expect(status?.message).toMatch(/\d+ more; mend these first$/);
    expect(status?.message.length).toBeLessThan((maxCauses + 3) * (maxTextChars + 2));
  });

  it("answers what is nested too deep to look at", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const value = JSON.parse(`{"kind":"SeldonDeployment","spec":${deep}}`);
    const reviewed = review(askingUpdate(value, value), defaultSettings);
    expect(reviewed).toMatchObject({ ok: true, value: { response: { allowed: false } } });
  });

  it.each([
    { name: "nothing", body: null, path: "kind" },
    { name: "a list", body: [], path: "kind" },
    { name: "another kind", body: { ...asking(good), kind: "Pod" }, path: "kind" },
    {
      name: "another version",
      body: { ...asking(good), apiVersion: "admission.k8s.io/v2" },
      path: "apiVersion",
    },
    { name: "no request", body: { ...asking(good), request: null }, path: "request" },
    { name: "no uid", body: asking(good, { uid: undefined }), path: "request.uid" },
    { name: "an empty uid", body: asking(good, { uid: "" }), path: "request.uid" },
  ])("has no answer to $name, and says why", ({ body, path }) => {
    const reviewed = review(body, defaultSettings);
    expect(reviewed.ok ? [] : reviewed.issues.map((issue) => issue.path)).toEqual([path]);
  });
});

describe("review, for any input", () => {
  const isAnswer = (body: unknown): boolean => {
    const reviewed = review(body, defaultSettings);
    if (!reviewed.ok) return reviewed.issues.length > 0;
    const { uid, allowed, status, warnings = [] } = reviewed.value.response;
    return (
      typeof uid === "string" &&
      allowed === (status === undefined) &&
      (status === undefined || status.details.causes.length > 0) &&
      warnings.every((line) => [...line].length <= maxWarningChars) &&
      typeof JSON.stringify(reviewed.value) === "string"
    );
  };

  it("never throws, whatever the body is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => isAnswer(body)),
      options,
    );
  });

  it("never throws, whatever the request holds", () => {
    const key = fc.constantFrom("uid", "kind", "operation", "object", "oldObject", "subResource");
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (request) => isAnswer(asking(good, request))),
      options,
    );
  });

  it("always answers, whatever the deployment is", () => {
    const part = fc.dictionary(
      fc.constantFrom("predictors", "protocol", "annotations", "name", "graph", "labels"),
      fc.jsonValue(),
    );
    const object = fc.record({ metadata: part, spec: part });
    fc.assert(
      fc.property(object, object, (one, other) => {
        const [before, after] = [one, other].map((fields) => ({ ...good, ...fields }));
        const reviewed = review(askingUpdate(before, after), defaultSettings);
        return reviewed.ok && isAnswer(askingUpdate(before, after));
      }),
      options,
    );
  });

  it("lets pass every update that changes nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (metadata, spec) => {
        const object = { ...good, metadata, spec };
        return responseTo(askingUpdate(object, object)).allowed;
      }),
      options,
    );
  });
});
