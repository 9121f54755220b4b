import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import type { Deployment } from "../../api/types.ts";
import { curlFor, grpcHintFor, urlOf } from "../../local/hint.ts";
import { deploymentOf, predictorOf } from "./harness.ts";

const deploymentIn = (protocol: string): Deployment => {
  const result = parse(deploymentOf("d", [predictorOf("p", "1")], { protocol }), defaultSettings);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

describe("curlFor", () => {
  it.each([
    { protocol: "seldon", path: "/api/v1.0/predictions", key: "data" },
    { protocol: "tensorflow", path: "/v1/models/model:predict", key: "instances" },
    { protocol: "v2", path: "/v2/models/model/infer", key: "inputs" },
    { protocol: "kfserving", path: "/v2/models/model/infer", key: "inputs" },
  ])("speaks $protocol", ({ protocol, path, key }) => {
    const command = curlFor(deploymentIn(protocol), "http://h:1/seldon/default/d", undefined);
    expect(command.endsWith(` http://h:1/seldon/default/d${path}`)).toBe(true);
    expect(JSON.parse(/ -d '(.*)' /.exec(command)?.[1] ?? "")).toHaveProperty(key);
  });

  it.each([
    { file: "a/request.json", want: "-d @a/request.json " },
    { file: "my models/it's.json", want: "-d '@my models/it'\\''s.json' " },
  ])("sends $file", ({ file, want }) => {
    expect(curlFor(deploymentIn("seldon"), "http://h", file)).toContain(want);
  });
});

describe("grpcHintFor", () => {
  it("names the address and the metadata", () => {
    expect(grpcHintFor(deploymentIn("seldon"), "http://[::1]:80/")).toMatch(
      /^gRPC: \[::1\], with the metadata seldon=d namespace=/,
    );
    expect(grpcHintFor(deploymentIn("seldon"), "http://127.0.0.1:8003")).toContain(
      " 127.0.0.1:8003,",
    );
  });
});

describe("urlOf", () => {
  it.each([
    { host: "127.0.0.1", want: "http://127.0.0.1:80" },
    { host: "0.0.0.0", want: "http://127.0.0.1:80" },
    { host: "::", want: "http://[::1]:80" },
    { host: "fe80::1", want: "http://[fe80::1]:80" },
    { host: "box.local", want: "http://box.local:80" },
  ])("reaches $host", ({ host, want }) => {
    expect(urlOf(host, 80)).toBe(want);
  });
});
