import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describeFlags, type FlagTable, readFlags } from "../host/flags.ts";
import { FetchFault } from "../local/fetch/fault.ts";
import { type FetchLimits, fetchModel } from "../local/fetch/fetch.ts";
import { usualPatience } from "../local/fetch/retry.ts";
import { redacted } from "../local/fetch/secrets.ts";

/** An initializer's arguments are the operator's: what else it is told stands in its environment. */
const flagsFrom = (env: NodeJS.ProcessEnv) =>
  ({
    max_bytes: {
      ...{ kind: "int", default: env["ESPALIER_FETCH_MAX_BYTES"] || "1099511627776" },
      help: "of all files together; ESPALIER_FETCH_MAX_BYTES",
    },
    max_files: {
      ...{ kind: "int", default: env["ESPALIER_FETCH_MAX_FILES"] || "100000" },
      help: "in a folder; ESPALIER_FETCH_MAX_FILES",
    },
    timeout: {
      ...{ kind: "duration", default: env["ESPALIER_FETCH_TIMEOUT"] || "6h" },
      help: "for all of them; ESPALIER_FETCH_TIMEOUT",
    },
    parallel: {
      ...{ kind: "int", default: env["ESPALIER_FETCH_PARALLEL"] || "4" },
      help: "how many files at a time; ESPALIER_FETCH_PARALLEL",
    },
  }) as const satisfies FlagTable;

const usage = (): string => `Usage: espalier fetch URI FOLDER [flags]

Fetches a stored model: a path, file:///PATH, https://HOST/FILE, s3://BUCKET/KEY, gs://BUCKET/KEY, or
REMOTE:BUCKET/KEY. A key is one object or, as a folder, all whose keys begin with KEY/. The folder gets
its files when all have come and their checksums are right; a fetch that was broken off goes on where
it stopped.

The environment says how to reach a store: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_ENDPOINT_URL; GOOGLE_APPLICATION_CREDENTIALS; rclone's RCLONE_CONFIG_<REMOTE>_TYPE and so on;
HTTPS_PROXY, SSL_CERT_FILE. docs/storage.md lists all.

${describeFlags(flagsFrom({}))}`;

/** Where a pod's status takes its message from. Source: Kubernetes, `terminationMessagePath`. */
const terminationLog = "/dev/termination-log";
const longestMessageBytes = 4096;

/** Exit code 0 when all is there, 1 when it could not be fetched, 2 for a wrong command line. */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    process.stdout.write(usage());
    return 0;
  }
  const firstFlag = argv.findIndex((word) => word.startsWith("--"));
  const words = firstFlag < 0 ? argv : argv.slice(0, firstFlag);
  const read = readFlags(flagsFrom(process.env), argv.slice(words.length));
  const [uri, folder] = words;
  if (!read.ok || uri === undefined || folder === undefined || words.length > 2) {
    const faults = read.ok ? ["name a URI and a folder, and then flags"] : read.faults;
    report(faults.join("\n"));
    return 2;
  }
  const { max_bytes: maxBytes, max_files: maxFiles, timeout: timeoutMs, parallel } = read.values;
  try {
    return await run(uri, folder, {
      maxBytes,
      maxFiles,
      timeoutMs,
      parallel: Math.max(1, parallel),
    });
  } catch (thrown) {
    if (!(thrown instanceof FetchFault)) throw thrown;
    report(redacted(`${thrown.message} [${thrown.code}]`, process.env));
    return 1;
  }
};

const run = async (uri: string, folder: string, limits: FetchLimits): Promise<number> => {
  const warn = (sentence: string): void => {
    process.stderr.write(`espalier fetch: ${redacted(sentence, process.env)}\n`);
  };
  trust(process.env, warn);
  const patience = usualPatience;
  const { paths, bytes } = await fetchModel({
    uri,
    folder,
    limits,
    patience,
    warn,
    env: process.env,
  });
  const files = `${paths.length} ${paths.length === 1 ? "file" : "files"}`;
  process.stdout.write(`fetched ${files} into ${folder} (${bytes} bytes came)\n`);
  return 0;
};

/** Authorities of one's own, beside those that are known. Source: AWS, rclone and OpenSSL. */
const trust = (env: NodeJS.ProcessEnv, warn: (sentence: string) => void): void => {
  for (const name of ["AWS_CA_BUNDLE", "RCLONE_CA_CERT", "SSL_CERT_FILE"]) {
    const path = env[name];
    if (!path) continue;
    if (!existsSync(path)) {
      warn(`${name}: ${path} does not exist; only usual authorities are trusted`);
      continue;
    }
    try {
      const text = readFileSync(path, "utf8");
      new X509Certificate(text); // throws if the first one is none
      setDefaultCACertificates([...getCACertificates("default"), text]);
    } catch {
      const message = `${name}: ${path} holds no certificates that can be read; write a file in PEM`;
      throw new FetchFault("BAD_SETTING", message);
    }
  }
};

/** To the log, and to the pod's status where there is a pod. */
const report = (text: string): void => {
  const lines = text.split("\n").map((line) => `espalier fetch: ${line}\n`);
  process.stderr.write(lines.join(""));
  const path = process.env["TERMINATION_LOG"] || terminationLog;
  if (process.env["TERMINATION_LOG"] === undefined && !existsSync(path)) return;
  try {
    const bytes = Buffer.from(text);
    writeFileSync(path, bytes.subarray(0, longestMessageBytes));
  } catch {} // the log has it
};
