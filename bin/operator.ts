import { describeFlags } from "../host/flags.ts";
import { operatorFlags } from "../operator/flags.ts";
import { startOperator } from "../operator/main.ts";

const usage = `usage: espalier operator [flags]

Brings about the SeldonDeployments of the cluster that KUBECONFIG or the pod's service account leads
to. Most of it is set by the environment; docs/operator.md has all variables.

`;

/**
 * `espalier operator`: works until it is told to stop.
 *
 * Exit code 0 after a signal, 1 when it cannot start or has lost its Lease, 2 for a wrong command
 * line.
 */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.some((word) => /^--?h(?:elp)?$/.test(word))) {
    process.stdout.write(usage + describeFlags(operatorFlags));
    return 0;
  }
  const stopAsked = new Promise<"stop">((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve("stop"));
  });
  const started = await Promise.race([startOperator(argv, process.env), stopAsked]);
  if (started === "stop") return process.exit(0); // nothing has been written yet
  if (!started.ok) {
    for (const fault of started.faults) process.stderr.write(`espalier operator: ${fault}\n`);
    return process.exit(started.exitCode);
  }
  const operator = started.process;
  const why = await Promise.race([stopAsked, operator.lost]);
  // Another operator may be at work: this one must not write any more.
  if (why !== "stop") return process.exit(1);
  return process.exit(await operator.stop());
};
