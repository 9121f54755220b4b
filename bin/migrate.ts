/**
 * `espalier migrate`: what will change when Espalier takes a cluster over from Seldon Core 1.17.
 *
 * It reads, and writes nothing: a cluster, or what `kubectl get -o yaml` has written to a file. The
 * report goes to the standard output. The exit code is 0 when everything can be taken over, 1 when
 * something has to be mended before, or the cluster cannot be read, 2 for a wrong command line.
 */
import { parseArgs } from "node:util";
import { isDeployment } from "../api/documents.ts";
import { ClusterError } from "../operator/cluster/cluster.ts";
import { makeKubeWire } from "../operator/cluster/kube.ts";
import { isClear, textOf } from "../operator/takeover/report.ts";
import {
  type Survey,
  type SurveyOptions,
  surveyCluster,
  surveyDocuments,
} from "../operator/takeover/survey.ts";
import { makeReport } from "../operator/takeover/takeover.ts";
import { type Io, makeSystemIo, print } from "./deployments.ts";
import { readInput } from "./manifests.ts";

const usage = `usage: espalier migrate [flags] [FILE...|FOLDER...|-]

Prints what will change when Espalier takes SeldonDeployments over from Seldon
Core 1.17: for each of them the objects that are adopted, changed (by field),
rolled over, replaced, created and removed, the routes that change, images,
what Espalier does not do or does otherwise, and faults. Nothing is written.

Without a file it reads the cluster that kubectl would use; it needs get and
list of what the operator reads. A file holds what "kubectl get -o yaml" says,
of SeldonDeployments and of all that belongs to them; of manifests alone only
faults and differences are told.

  -n, --namespace NAME  one namespace, not all of them
  --system NAMESPACE    where v1's operator and its seldon-config are
                        (seldon-system)
  --kubeconfig FILE     in place of KUBECONFIG and a pod's service account
  -o, --output FORMAT   text or json
  --help                print this

Exit code: 0 when all can be taken over, 1 when something is to be mended before
or cannot be read, 2 when the command is not understood.
`;

type Options = SurveyOptions & {
  readonly inputs: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly output: "text" | "json";
};

export const main = async (argv: readonly string[], io: Io = makeSystemIo()): Promise<number> => {
  const options = readOptions(argv);
  if (typeof options === "string") {
    const isHelp = options === usage;
    (isHelp ? io.stdout : io.stderr).write(options);
    return isHelp ? 0 : 2;
  }
  try {
    const survey = await surveyOf(options, io);
    if (survey === undefined) return 1;
    const report = await makeReport(survey, options);
    io.stdout.write(
      options.output === "json" ? `${JSON.stringify(report, null, 2)}\n` : textOf(report),
    );
    return isClear(report) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    io.stderr.write(`espalier migrate: ${error.message}\n`);
    return 1;
  }
};

const surveyOf = async (options: Options, io: Io): Promise<Survey | undefined> => {
  const { inputs, kubeconfig } = options;
  if (inputs.length > 0) return surveyFiles(inputs, io);
  const wire = makeKubeWire(kubeconfig === undefined ? {} : { kubeconfig });
  try {
    return await surveyCluster(wire, options);
  } finally {
    wire.close();
  }
};

/** Undefined when something could not be read: it has been told. */
const surveyFiles = async (inputs: readonly string[], io: Io): Promise<Survey | undefined> => {
  const read = await Promise.all(inputs.map((input) => readInput(input, io)));
  const documents = read.flatMap((one) => one.documents);
  const deployments = documents.filter(isDeployment);
  const issues = read.flatMap((one) => one.issues);
  const none = { path: "", message: "no SeldonDeployment was given" };
  const faults = issues.length === 0 && deployments.length === 0 ? [none] : issues;
  for (const issue of faults) {
    io.stderr.write(`${print({ ...issue, word: "error", subject: "" })}\n`);
  }
  if (faults.length > 0) return undefined;
  const others = documents.filter((document) => !isDeployment(document));
  return surveyDocuments(
    deployments.map(({ value }) => value),
    others.map(({ value }) => value),
  );
};

/** The options, or what to print instead. */
const readOptions = (argv: readonly string[]): Options | string => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        namespace: { type: "string", short: "n", default: "" },
        system: { type: "string", default: "seldon-system" },
        kubeconfig: { type: "string" },
        output: { type: "string", short: "o", default: "text" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return usage;
    const { namespace, system, kubeconfig, output } = values;
    if (output !== "text" && output !== "json") return complain(`-o ${output}: write text or json`);
    return { inputs: positionals, namespace, system, kubeconfig, output };
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};

const complain = (what: string): string =>
  `espalier migrate: ${what}\nTry "espalier migrate --help".\n`;
