import { describe, expect, it } from "@jest/globals";
import { encodePlan } from "../../api/plan.ts";
import { readConfig, type Sources } from "../../runtime/config.ts";
import type { Environment } from "../../runtime/flags.ts";
import { defaultLimits } from "../../runtime/limits.ts";

const argv = ["--sdep", "s", "--namespace", "ns", "--predictor", "p"];
const env = { ENGINE_PREDICTOR: encodePlan({ name: "p", graph: { name: "m" } }) };

type Given = {
  readonly more?: readonly string[];
  readonly env?: Environment;
  readonly annotations?: Readonly<Record<string, string>>;
} & Partial<Pick<Sources, "argv" | "planFromFile">>;

const read = (given: Given = {}) =>
  readConfig({
    argv: given.argv ?? [...argv, ...(given.more ?? [])],
    env: { ...env, ...given.env },
    annotations: new Map(Object.entries(given.annotations ?? {})),
    planFromFile: given.planFromFile ?? (async () => ({ ok: false, faults: ["no file"] })),
  });

const configOf = async (given?: Given) => {
  const found = await read(given);
  if (!found.ok) throw new Error(found.faults.join());
  return { ...found.config, warnings: found.warnings };
};

describe("readConfig", () => {
  it("has the contract's defaults", async () => {
    expect(await configOf()).toMatchObject({
      flags: { http_port: 8080, grpc_port: 5000, prometheus_path: "/metrics", shutdown_delay: 0 },
      plan: { name: "p", graph: { name: "m" } },
      limits: defaultLimits,
      restTimeoutMs: 0,
      grpcTimeoutMs: 0,
      graphTimeoutMs: 600_000,
      grpcMaxBytes: defaultLimits.maxBodyBytes,
      record: "final",
      cors: {
        origins: "*",
        headers:
          "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token",
      },
      tls: undefined,
      warnings: [],
    });
  });

  it("reads limits from flags", async () => {
    const more = [
      ...["--max_body_bytes=1", "--max_header_bytes=2", "--max_connections=3"],
      ...["--max_concurrent_requests=4", "--idle_timeout=5s", "--header_timeout=6s"],
      "--max_decompressed_bytes=7",
    ];
    expect((await configOf({ more })).limits).toEqual({
      maxBodyBytes: 1,
      maxHeaderBytes: 2,
      maxConnections: 3,
      maxConcurrentRequests: 4,
      idleTimeoutMs: 5000,
      headerTimeoutMs: 6000,
      maxDecompressedBytes: 7,
    });
    const none = await configOf({ more: ["--max_concurrent_requests=-1"] });
    expect(none.limits.maxConcurrentRequests).toBe(0);
  });

  it("reads annotations", async () => {
    const annotations = {
      "seldon.io/rest-timeout": "10",
      "seldon.io/grpc-timeout": "20",
      "espalier.io/graph-timeout": "30",
      "seldon.io/grpc-max-message-size": "40",
    };
    expect(await configOf({ annotations })).toMatchObject({
      restTimeoutMs: 10,
      grpcTimeoutMs: 20,
      graphTimeoutMs: 30,
      grpcMaxBytes: 40,
    });
    const signed = { "seldon.io/rest-timeout": "-1", "seldon.io/grpc-timeout": "+99999999999" };
    expect(await configOf({ annotations: signed })).toMatchObject({
      restTimeoutMs: 0,
      grpcTimeoutMs: 2 ** 31 - 1,
    });
    const zero = await configOf({ annotations: { "espalier.io/graph-timeout": "0" } });
    expect(zero.graphTimeoutMs).toBe(600_000);
    const large = { "seldon.io/grpc-max-message-size": "2147483647" };
    expect((await configOf({ annotations: large })).grpcMaxBytes).toBe(defaultLimits.maxBodyBytes);
  });

  it.each([
    { text: undefined, record: "final", warns: false },
    { text: "", record: "final", warns: false },
    { text: "true", record: "every-node", warns: false },
    { text: "1", record: "every-node", warns: false },
    { text: " TRUE ", record: "every-node", warns: false },
    { text: "false", record: "never", warns: false },
    { text: "0", record: "never", warns: false },
    { text: "maybe", record: "final", warns: true },
  ])("records $record when the variable is $text", async ({ text, record, warns }) => {
    const config = await configOf({ env: { SELDON_ENABLE_ROUTING_INJECTION: text } });
    expect([config.record, config.warnings.length > 0]).toEqual([record, warns]);
  });

  it("reads CORS, the log level and TLS from the environment", async () => {
    const config = await configOf({
      env: {
        CORS_ALLOWED_ORIGINS: "https://a",
        CORS_ALLOWED_HEADERS: "X",
        SELDON_LOG_LEVEL: "DEBUG",
        SELDON_CERT_MOUNT_PATH: "/cert/",
        SELDON_CERT_KEY_FILE_NAME: "k",
      },
    });
    expect(config).toMatchObject({
      cors: { origins: "https://a", headers: "X" },
      flags: { log_level: "DEBUG" },
      tls: { certificate: "/cert/tls.crt", key: "/cert/k", clientAuthorities: undefined },
    });
    const given = await configOf({
      env: { SELDON_LOG_LEVEL: "DEBUG" },
      more: ["--log_level", "ERROR"],
    });
    expect(given.flags.log_level).toBe("ERROR");
  });

  it.each(["seldon", "v2", "kfserving", "tensorflow"])("offers protocol %s", async (protocol) => {
    const { makeProtocol } = await configOf({ more: ["--protocol", protocol] });
    expect(makeProtocol(1)).toHaveProperty("rest");
  });

  it("takes the plan's name, or that of the predictor if it has none", async () => {
    const nameless = Buffer.from('{"graph":{"name":"m"}}').toString("base64");
    expect((await configOf({ env: { ENGINE_PREDICTOR: nameless } })).plan.name).toBe("p");
    const other = encodePlan({ name: "other", graph: { name: "m" } });
    expect((await configOf({ env: { ENGINE_PREDICTOR: other } })).plan.name).toBe("other");
  });

  it("prefers the plan of --file", async () => {
    const config = await configOf({
      more: ["--file", "x.yaml"],
      planFromFile: async (file, predictor) => ({
        ok: true,
        plan: {
          name: `${file} ${predictor}`,
          graph: { name: "f", children: [], methods: [], parameters: [] },
          version: "",
          labels: {},
          images: {},
        },
      }),
    });
    expect(config.plan.name).toBe("x.yaml p");
  });
});

describe("readConfig with faults", () => {
  const faultsOf = async (given: Given) => {
    const found = await read(given);
    if (found.ok) throw new Error("was read");
    return found;
  };

  it("reports those of flags and annotations together, with exit code 2", async () => {
    const { faults, exitCode } = await faultsOf({
      argv: ["--http_port", "x", "--whatever"],
      annotations: { "seldon.io/rest-timeout": "soon", "seldon.io/grpc-timeout": "soon" },
    });
    expect(exitCode).toBe(2);
    const words = [
      "--whatever",
      "--sdep",
      "--namespace",
      "--predictor",
      "--http_port",
      "rest-timeout",
    ];
    expect(faults).toHaveLength(words.length);
    for (const [i, word] of words.entries()) expect(faults[i]).toContain(word);
  });

  it("ends with exit code 1 where flags are only missing", async () => {
    expect(await faultsOf({ argv: ["--sdep", "d"] })).toMatchObject({ exitCode: 1 });
  });

  it("reports all values that make no sense together", async () => {
    const { faults, exitCode } = await faultsOf({
      more: [
        ...["--protocol", "soap", "--transport", "carrier-pigeon", "--server_type", "kafka"],
        ...["--http_port", "65536", "--grpc_port", "-1", "--max_body_bytes", "0"],
        ...["--prometheus_path", "metrics"],
      ],
      annotations: {
        "seldon.io/rest-timeout": "1e3",
        "espalier.io/graph-timeout": "1.5",
        "seldon.io/grpc-max-message-size": "1 GB",
      },
    });
    expect(exitCode).toBe(1);
    for (const word of [
      ...["--protocol", "--transport", "--server_type", "--http_port", "--grpc_port"],
      ...["--max_body_bytes", "--prometheus_path", "rest-timeout", "graph-timeout"],
      "grpc-max-message-size",
    ]) {
      expect(faults.filter((fault) => fault.includes(word))).toHaveLength(1);
    }
    expect(faults).toHaveLength(10);
  });

  it("refuses CORS values that are no header values", async () => {
    const found = await read({ env: { CORS_ALLOWED_ORIGINS: "https://a\nX-Evil: 1" } });
    expect(found).toMatchObject({ ok: false, exitCode: 1 });
    expect(found.ok ? [] : found.faults).toEqual([expect.stringContaining("CORS_ALLOWED_ORIGINS")]);
  });

  it("passes over a malformed grpc-timeout with a warning", async () => {
    const config = await configOf({ annotations: { "seldon.io/grpc-timeout": "soon" } });
    expect(config.grpcTimeoutMs).toBe(0);
    expect(config.warnings).toEqual([expect.stringContaining("grpc-timeout")]);
  });

  it.each([
    { name: "no plan", plan: undefined, says: "is not set" },
    { name: "an empty plan", plan: "", says: "is empty" },
    { name: "no base64", plan: "%%%", says: "is not base64" },
    { name: "no JSON", plan: "eA==", says: "does not hold JSON" },
    { name: "no graph", plan: "e30=", says: "ENGINE_PREDICTOR.graph" },
  ])("ends with exit code 255 for $name", async ({ plan, says }) => {
    const { faults, exitCode } = await faultsOf({ env: { ENGINE_PREDICTOR: plan } });
    expect([exitCode, faults.length]).toEqual([255, 1]);
    expect(faults[0]).toContain(says);
  });

  it("reports what is wrong with --file", async () => {
    expect(await faultsOf({ more: ["--file", "x"] })).toMatchObject({
      faults: ["no file"],
      exitCode: 255,
    });
  });
});
