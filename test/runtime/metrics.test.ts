import { describe, expect, it } from "@jest/globals";
import { grpcCodeLabel } from "../../runtime/grpc-status.ts";
import { makeMetrics } from "../../runtime/metrics.ts";
import { planOf } from "./plan.ts";

const metricsOf = (images: Readonly<Record<string, string>> = {}) =>
  makeMetrics("dep", { ...planOf({ name: "m" }), version: "v7", images });

const labelsOf = (text: string, series: string): Record<string, string> => {
  const line = text.split("\n").find((one) => one.startsWith(`${series}_count{`)) ?? "";
  return Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
};

const server = "seldon_api_executor_server_requests_seconds";
const client = "seldon_api_executor_client_requests_seconds";

describe("makeMetrics", () => {
  it("is quiet about the engine's own until something happens", async () => {
    const metrics = metricsOf();
    expect(await metrics.text()).not.toContain("seldon_");
    expect(await metrics.text()).toContain("process_cpu_seconds_total");
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it("labels requests as v1 does", async () => {
    const metrics = metricsOf();
    metrics.serverCount({ service: "predictions", method: "post" })(200, 0.1);
    expect(labelsOf(await metrics.text(), server)).toEqual({
      deployment_name: "dep",
      predictor_name: "p",
      predictor_version: "v7",
      service: "predictions",
      method: "post",
      code: "200",
    });
  });

  it.each([
    { image: "foo:0.1", model_image: "foo", model_version: "0.1" },
    { image: "foo", model_image: "foo", model_version: "" },
    { image: "registry:5000/foo:0.1", model_image: "registry", model_version: "" },
    { image: "", model_image: "", model_version: "" },
  ])("splits image $image as v1 does", async ({ image, model_image, model_version }) => {
    const metrics = metricsOf({ m: image });
    metrics.clientCount({ service: "/predict", method: "post", model: "m" })(200, 0.1);
    expect(labelsOf(await metrics.text(), client)).toMatchObject({
      model_name: "m",
      model_image,
      model_version,
      service: "/predict",
    });
  });

  it("knows nothing of the image of a model that has no container", async () => {
    const metrics = metricsOf();
    metrics.clientCount({ service: "/predict", method: "post", model: "other" })(200, 0.1);
    expect(labelsOf(await metrics.text(), client)).toMatchObject({
      model_name: "other",
      model_image: "",
      model_version: "",
    });
  });

  it("labels RPCs by method and code", async () => {
    const metrics = metricsOf();
    metrics.serverGrpc("/seldon.protos.Seldon/Predict", 4)(0.1);
    metrics.clientGrpc("/seldon.protos.Model/Predict", 0, "m")(0.1);
    const text = await metrics.text();
    expect(labelsOf(text, server)).toMatchObject({
      service: "/seldon.protos.Seldon/Predict",
      method: "unary",
      code: "DeadlineExceeded",
    });
    expect(labelsOf(text, client)).toMatchObject({ code: "OK", model_name: "m" });
  });

  it("counts model names beyond its limit together", async () => {
    const metrics = metricsOf();
    const labels = { service: "/predict", method: "post" };
    for (let i = 0; i < 5000; i += 1) metrics.clientCount({ ...labels, model: `m${i}` })(200, 0.1);
    metrics.clientCount({ ...labels, model: "m0" })(200, 0.1);
    const text = await metrics.text();
    const counts = text.split("\n").filter((line) => line.startsWith(`${client}_count{`));
    expect(counts.length).toBeLessThan(2100);
    expect(counts.find((line) => line.includes('model_name="other"'))).toMatch(/ 3\d\d\d$/);
    expect(counts.find((line) => line.includes('model_name="m0"'))).toMatch(/ 2$/);
  });
});

describe("grpcCodeLabel", () => {
  it.each([
    [0, "OK"],
    [1, "Canceled"],
    [2, "Unknown"],
    [4, "DeadlineExceeded"],
    [14, "Unavailable"],
    [99, "Code(99)"],
  ])("spells %d as v1 does: %s", (code, label) => {
    expect(grpcCodeLabel(code)).toBe(label);
  });
});

describe("measures of nodes", () => {
  const measure = { name: "arms", type: "gauge", help: "a\\b\nc", labels: {} } as const;

  it("are in the scrape under the engine's labels, each metric once", async () => {
    const metrics = metricsOf();
    let value = 0;
    metrics.measured(() => [
      { node: "r", measures: [{ ...measure, labels: { arm: 'x"y' }, value }] },
      { node: "s", measures: [{ ...measure, value: Number.NaN }] },
    ]);
    value = 1.5;
    const own = (await metrics.text()).split("\n").filter((line) => line.includes("espalier_"));
    expect(own).toEqual([
      "# HELP espalier_arms a\\\\b\\nc",
      "# TYPE espalier_arms gauge",
      'espalier_arms{arm="x\\"y",deployment="dep",predictor="p",node="r"} 1.5',
      'espalier_arms{deployment="dep",predictor="p",node="s"} NaN',
    ]);
  });

  it.each([
    { value: Number.POSITIVE_INFINITY, text: "+Inf" },
    { value: Number.NEGATIVE_INFINITY, text: "-Inf" },
    { value: 1e21, text: "1e+21" },
  ])("write $value as $text", async ({ value, text }) => {
    const metrics = metricsOf();
    metrics.measured(() => [{ node: "r", measures: [{ ...measure, value }] }]);
    expect(await metrics.text()).toMatch(new RegExp(`\\} ${text.replace("+", "\\+")}\\n$`));
  });
});
