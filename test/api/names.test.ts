import { describe, expect, it } from "@jest/globals";
import {
  componentDeploymentName,
  containerServiceName,
  cutName,
  deploymentId,
  engineDeploymentName,
  explainerName,
  explainerVirtualServiceName,
  predictorServiceName,
  serviceHost,
} from "../../api/names.ts";

const long = "C12345678912345678901234567890123456789012345678901234567890";
const model = { spec: { containers: [{ name: "m" }] } };
const hashed = /^seldon-[0-9a-f]{32}$/;

describe("componentDeploymentName", () => {
  const place = { deployment: "s", predictor: "p", index: 0 };
  it.each([
    { name: "is made of the containers", place, component: model, want: "s-p-0-m" },
    {
      name: "joins several containers",
      place: { ...place, index: 2 },
      component: { spec: { containers: [{ name: "a" }, { name: "b" }] } },
      want: "s-p-2-a-b",
    },
    {
      name: "prefers the name of the componentSpec",
      place,
      component: { ...model, metadata: { name: "own" } },
      want: "s-p-0-own",
    },
    {
      name: "is hashed beyond 63 characters",
      place: { ...place, predictor: long },
      component: model,
      want: "seldon-10eb0f02cdc303e74043e57c1d8147ab",
    },
    {
      name: "keeps the deployment's name before the hash when asked to",
      place: { ...place, predictor: long, deploymentNameAsPrefix: true },
      component: model,
      want: "s-10eb0f02cdc303e74043e57c1d8147ab",
    },
  ])("$name", ({ place: at, component, want }) => {
    expect(componentDeploymentName(at, component)).toBe(want);
  });

  it("falls back to the plain hash when the prefixed one is too long", () => {
    const deployment = "d".repeat(40);
    const name = componentDeploymentName(
      { ...place, deployment, predictor: long, deploymentNameAsPrefix: true },
      model,
    );
    expect(name).toMatch(hashed);
  });

  it("does not depend on images", () => {
    const one = { spec: { containers: [{ name: "m", image: "a:1" }] } };
    const two = { spec: { containers: [{ name: "m", image: "b:2" }] } };
    expect(componentDeploymentName(place, one)).toBe(componentDeploymentName(place, two));
  });
});

describe("names of 63 characters", () => {
  it.each([
    ["deploymentId", (n: string) => deploymentId(n), 63],
    ["containerServiceName", (n: string) => containerServiceName("s", n, "c"), 59],
    ["engineDeploymentName", (n: string) => engineDeploymentName("s", n), 52],
    ["explainerName", (n: string) => explainerName("s", n), 51],
    ["predictorServiceName", (n: string) => predictorServiceName("s", { name: n }), 61],
  ] as const)("%s is kept at 63 and hashed at 64", (_name, make, fits) => {
    const kept = make("x".repeat(fits));
    expect(kept).toHaveLength(63);
    expect(kept).not.toMatch(hashed);
    expect(make("x".repeat(fits + 1))).toMatch(hashed);
  });
});

describe("predictorServiceName", () => {
  it("is the annotation, word for word", () => {
    const annotations = { "seldon.io/svc-name": "mine" };
    expect(predictorServiceName("s", { name: "p", annotations })).toBe("mine");
  });
});

describe("explainerVirtualServiceName", () => {
  it("is cut, not hashed, and does not end with a dash", () => {
    expect(explainerVirtualServiceName("s", "p")).toBe("s-p-explainer-http");
    const name = explainerVirtualServiceName("s", "p".repeat(47)); // explainer name: 59
    expect(name).toBe(`s-${"p".repeat(47)}-explainer-htt`);
    expect(cutName(`${"a".repeat(62)}-b`)).toBe("a".repeat(62));
  });
});

describe("serviceHost", () => {
  it("is the cluster's DNS name", () => {
    expect(serviceHost("svc", "ns")).toBe("svc.ns.svc.cluster.local");
  });
});
