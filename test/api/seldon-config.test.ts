import { describe, expect, it } from "@jest/globals";
import { readSeldonConfig } from "../../api/seldon-config.ts";
import { defaultSettings } from "../../api/settings.ts";

const configMap = (data: object): object => ({ apiVersion: "v1", kind: "ConfigMap", data });
const json = (value: unknown): string => JSON.stringify(value);

describe("readSeldonConfig", () => {
  it("replaces what it says and keeps the rest", () => {
    const result = readSeldonConfig(
      configMap({
        predictor_servers: json({
          MINE: {
            protocols: { seldon: { image: "mine", defaultImageVersion: "2" }, v2: { image: "m" } },
          },
        }),
        storageInitializer: json({ image: "init:1", cpuLimit: "2" }),
        explainer: json({ image_v2: "explainer:2" }),
        credentials: json({
          gcs: { gcsCredentialFileName: "key.json" },
          s3: { s3Endpoint: "minio:9000" },
        }),
      }),
      defaultSettings,
    );
    if (!result.ok) throw new Error(json(result.issues));
    expect(result.value).toEqual({
      ...defaultSettings,
      predictorServers: {
        ESPALIER_SERVER: defaultSettings.predictorServers["ESPALIER_SERVER"],
        MINE: {
          protocols: { seldon: { image: "mine", defaultImageVersion: "2" }, v2: { image: "m" } },
        },
      },
      storageInitializer: { ...defaultSettings.storageInitializer, image: "init:1", cpuLimit: "2" },
      explainer: { ...defaultSettings.explainer, imageV2: "explainer:2" },
      credentials: {
        ...defaultSettings.credentials,
        gcsCredentialFileName: "key.json",
        s3Endpoint: "minio:9000",
      },
    });
  });

  it("takes an empty ConfigMap", () => {
    expect(readSeldonConfig(configMap({}), defaultSettings)).toEqual({
      ok: true,
      value: defaultSettings,
      warnings: [],
    });
  });

  it.each([
    { name: "no mapping", value: [], paths: [""] },
    { name: "another kind", value: { kind: "Secret", data: {} }, paths: ["kind"] },
    { name: "data that is text", value: configMap({}) && { data: "x" }, paths: ["data"] },
    { name: "bad JSON", value: configMap({ explainer: "{" }), paths: ["data.explainer"] },
    {
      name: "JSON that is a list",
      value: configMap({ explainer: "[]" }),
      paths: ["data.explainer"],
    },
    {
      name: "an object instead of text",
      value: configMap({ explainer: {} }),
      paths: ["data.explainer"],
    },
    {
      name: "an image that is a number",
      value: configMap({ explainer: '{"image": 5}' }),
      paths: ["data.explainer.image"],
    },
    {
      name: "a server without an image",
      value: configMap({ predictor_servers: '{"A": {"protocols": {"v2": {}}}}' }),
      paths: ["data.predictor_servers.A.protocols.v2"],
    },
    {
      name: "faults in two keys",
      value: configMap({ explainer: "{", credentials: '{"s3": 5}' }),
      paths: ["data.explainer", "data.credentials.s3"],
    },
  ])("refuses $name", ({ value, paths }) => {
    const result = readSeldonConfig(value, defaultSettings);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(paths);
  });

  it.each([
    { name: "of before 1.3", server: { rest: { image: "x" } }, path: "A" },
    { name: "in an unknown protocol", server: { protocols: { v3: {} } }, path: "A.protocols.v3" },
  ])("warns of a server $name, and reads the others", ({ server, path }) => {
    const B = { protocols: { v2: { image: "b" } } };
    const servers = json({ A: server, B });
    const result = readSeldonConfig(configMap({ predictor_servers: servers }), defaultSettings);
    expect(result.warnings.map((one) => one.path)).toEqual([`data.predictor_servers.${path}`]);
    const { predictorServers } = result.ok ? result.value : defaultSettings;
    expect(predictorServers).toMatchObject({ A: { protocols: {} }, B });
  });

  it("warns of keys that nobody reads", () => {
    const result = readSeldonConfig(configMap({ predictor_server: "{}" }), defaultSettings);
    expect(result.warnings).toEqual([
      { path: "data.predictor_server", message: expect.stringContaining('"predictor_servers"') },
    ]);
  });
});
