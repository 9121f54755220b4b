import { describeFlags, type FlagTable, readFlags } from "../host/flags.ts";
import { FetchFault } from "../local/fetch/fault.ts";
import { fetchModel } from "../local/fetch/fetch.ts";

const flags = {
  max_bytes: { kind: "int", default: "2147483648", help: "of all files together" },
  max_files: { kind: "int", default: "1000", help: "in a folder" },
  timeout: { kind: "duration", default: "10m", help: "for all of them" },
} as const satisfies FlagTable;

const usage = `Usage: espalier fetch URI FOLDER [flags]

Fetches a stored model: http://..., https://..., or s3://BUCKET/KEY, which is one object or, as a
folder, all whose keys begin with KEY/. "espalier up" does so for ESPALIER_SERVER.

For S3 the environment says how: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (none:
requests are not signed), AWS_REGION, AWS_ENDPOINT_URL for a store other than Amazon's.

${describeFlags(flags)}`;

/** Exit code 0 when all is there, 1 when it could not be fetched, 2 for a wrong command line. */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    process.stdout.write(usage);
    return 0;
  }
  const firstFlag = argv.findIndex((word) => word.startsWith("-"));
  const words = firstFlag < 0 ? argv : argv.slice(0, firstFlag);
  const read = readFlags(flags, argv.slice(words.length));
  const [uri, folder] = words;
  if (!read.ok || uri === undefined || folder === undefined || words.length > 2) {
    const faults = read.ok ? ["name a URI and a folder, and then flags"] : read.faults;
    for (const fault of faults) process.stderr.write(`espalier fetch: ${fault}\n`);
    return 2;
  }
  const { max_bytes: maxBytes, max_files: maxFiles, timeout: timeoutMs } = read.values;
  try {
    const limits = { maxBytes, maxFiles, timeoutMs };
    const saved = await fetchModel({
      uri,
      folder,
      limits,
      env: process.env,
      now: () => new Date(),
    });
    process.stdout.write(
      `fetched ${saved.length} ${saved.length === 1 ? "file" : "files"} into ${folder}\n`,
    );
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof FetchFault)) throw thrown;
    process.stderr.write(`espalier fetch: ${thrown.message}\n`);
    return 1;
  }
};
