/** What the operator is told at start: flags and environment, read once, all faults together. */
import type { Settings } from "../api/settings.ts";
import { type FlagValues, parseBool, readFlags } from "../host/flags.ts";
import { logLevels } from "../host/log.ts";
import { defaultLeaseTimes, type LeaseTimes } from "./cluster/lease.ts";
import { settingsOf } from "./environment.ts";
import { operatorFlags } from "./flags.ts";
import { type Environment, readVariables, type Values } from "./variables.ts";

export type OperatorConfig = {
  readonly logLevel: string;
  /** Undefined: no metrics, no probes. */
  readonly admin: { readonly host: string | undefined; readonly port: number } | undefined;
  /** The one namespace to look at; empty: all. */
  readonly namespace: string;
  /** Where the operator, its Lease and its webhook are. */
  readonly operatorNamespace: string;
  /** Where `seldon-config` is. */
  readonly configNamespace: string;
  readonly controllerId: string;
  /** Undefined: the operator is alone. */
  readonly election: { readonly name: string; readonly times: LeaseTimes } | undefined;
  /** Undefined: no webhook. */
  readonly webhook:
    | {
        readonly port: number;
        readonly isManaged: boolean;
        readonly certificateFolder: string | undefined;
      }
    | undefined;
  readonly workers: number;
  readonly rollEngines: boolean;
  /** Those of the environment; `seldon-config` comes on top, and RELATED_IMAGE_* on top of that. */
  readonly settings: Settings;
  readonly variables: Values;
};

export type ReadConfig =
  | { readonly ok: true; readonly config: OperatorConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[]; readonly exitCode: number };

/** What Go's flag package, and so v1, ends with. */
const malformedExitCode = 2;

type Flags = FlagValues<typeof operatorFlags>;

export const readConfig = (argv: readonly string[], env: Environment): ReadConfig => {
  const { values, faults: unread, warnings } = readVariables(env);
  const read = readFlags(operatorFlags, [...defaultsOf(values), ...argv]);
  const faults = [...(read.ok ? [] : read.faults), ...unread, ...wordFaults(values)];
  if (!read.ok) return { ok: false, faults, exitCode: read.malformed ? malformedExitCode : 1 };
  const address = readAddress(read.values["metrics-addr"]);
  const times = leaseTimes(read.values);
  faults.push(...flagFaults(read.values, times));
  if (address === "malformed") {
    const given = read.values["metrics-addr"];
    faults.push(`--metrics-addr is "${given}"; write host:port, :port, or 0 for none`);
  }
  if (faults.length > 0 || address === "malformed") return { ok: false, faults, exitCode: 1 };
  return {
    ok: true,
    config: { ...configOf(read.values, values, times), admin: address },
    warnings: [...warnings, ...warningsOf(read.values, values, env)],
  };
};

/** Flags that the environment presets; what is written on the command line comes later and wins. */
const defaultsOf = (values: Values): readonly string[] => [
  ...(values.LEADER_ELECTION_ID ? [`--leader-election-id=${values.LEADER_ELECTION_ID}`] : []),
  ...(values.SELDON_LOG_LEVEL ? [`--log-level=${values.SELDON_LOG_LEVEL}`] : []),
  `--debug=${parseBool(values.SELDON_DEBUG) ?? false}`,
];

const configOf = (
  flags: Flags,
  values: Values,
  times: LeaseTimes,
): Omit<OperatorConfig, "admin"> => {
  const isManaged = flags["create-resources"] || values.ESPALIER_WEBHOOK_MANAGED === "true";
  return {
    logLevel: flags.debug ? "DEBUG" : flags["log-level"],
    namespace: values.WATCH_NAMESPACE || flags.namespace,
    operatorNamespace: values.POD_NAMESPACE || flags["operator-namespace"],
    configNamespace: values.POD_NAMESPACE || "seldon-system",
    controllerId: values.CONTROLLER_ID,
    election: flags["enable-leader-election"]
      ? { name: flags["leader-election-id"], times }
      : undefined,
    webhook:
      isManaged || values.ESPALIER_WEBHOOK_ENABLED === "true"
        ? {
            port: flags["webhook-port"],
            isManaged,
            certificateFolder: values.ESPALIER_WEBHOOK_CERTIFICATE_FOLDER || undefined,
          }
        : undefined,
    workers: Number(values.ESPALIER_WORKERS),
    rollEngines: values.ESPALIER_ROLL_ENGINES === "true",
    settings: settingsOf(values),
    variables: values,
  };
};

/** `host:port` as Go reads it; `0` opens nothing. */
const readAddress = (text: string): OperatorConfig["admin"] | "malformed" => {
  if (text === "0") return undefined;
  const { host, six, port } =
    /^(?:\[(?<six>[^\]]*)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) return "malformed";
  return { host: six || host || undefined, port: Number(port) };
};

const leaseTimes = (flags: Flags): LeaseTimes => {
  const ms = (seconds: number, fallback: number) => (seconds === 0 ? fallback : seconds * 1000);
  const { durationMs, renewDeadlineMs, retryMs } = defaultLeaseTimes;
  return {
    durationMs: ms(flags["leader-election-lease-duration-secs"], durationMs),
    renewDeadlineMs: ms(flags["leader-election-renew-deadline-secs"], renewDeadlineMs),
    retryMs: ms(flags["leader-election-retry-period-secs"], retryMs),
  };
};

const flagFaults = (flags: Flags, times: LeaseTimes): readonly string[] => {
  const { durationMs, renewDeadlineMs, retryMs } = times;
  const faults: string[] = [];
  if (flags["webhook-port"] < 0 || flags["webhook-port"] > 65_535) {
    faults.push(`--webhook-port is "${flags["webhook-port"]}"; write a port from 0 to 65535`);
  }
  if (!(durationMs > renewDeadlineMs && renewDeadlineMs > retryMs && retryMs > 0)) {
    faults.push(
      `--leader-election-lease-duration-secs, -renew-deadline-secs and -retry-period-secs are ${durationMs / 1000}, ${renewDeadlineMs / 1000} and ${retryMs / 1000}; each must be greater than the next, and the last greater than 0`,
    );
  }
  return faults;
};

/** Source: operator contract, 6.1, 12.7. */
const tlsModes = ["", "DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL", "STRICT"];
const pullPolicies = ["Always", "IfNotPresent", "Never"];

const wordFaults = (values: Values): readonly string[] => {
  const oneOf = (name: keyof Values, words: readonly string[]): readonly string[] =>
    words.includes(values[name])
      ? []
      : [`${name} is "${values[name]}"; write one of ${words.filter(Boolean).join(", ")}`];
  return [
    ...oneOf("ISTIO_TLS_MODE", tlsModes),
    ...oneOf("AMBASSADOR_VERSION", ["v1", "v2"]),
    ...oneOf("EXECUTOR_CONTAINER_IMAGE_PULL_POLICY", pullPolicies),
  ];
};

const warningsOf = (flags: Flags, values: Values, env: Environment): readonly string[] => {
  const differs = (one: keyof Values, other: keyof Values): readonly string[] =>
    values[one] === "" || values[one] === values[other]
      ? []
      : [`${one} is "${values[one]}" and has no effect; ${other} ("${values[other]}") counts`];
  return [
    ...differs("ENGINE_SERVER_PORT", "EXECUTOR_SERVER_PORT"),
    ...differs("ENGINE_SERVER_GRPC_PORT", "EXECUTOR_SERVER_GRPC_PORT"),
    ...(values.AMBASSADOR_ENABLED === "true" && !env["AMBASSADOR_VERSION"]
      ? ["AMBASSADOR_VERSION is not set, which means v1; set it to v1 or v2"]
      : []),
    ...(logLevels.includes(flags["log-level"].toUpperCase())
      ? []
      : [
          `--log-level is "${flags["log-level"]}", which means INFO; write ${logLevels.join(", ")}`,
        ]),
  ];
};
