import { describeFlags } from "../host/flags.ts";
import { engineFlags } from "../runtime/flags.ts";
import { startEngine } from "../runtime/main.ts";

const usage = `usage: espalier engine --sdep NAME --namespace NAMESPACE --predictor NAME [flags]

Routes requests through the graph of one predictor. The graph comes in the environment variable
ENGINE_PREDICTOR (the base64 of a predictor's JSON), or from a manifest with --file.

`;

/** `espalier engine`: serves until it is told to stop. Resolves with the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.some((word) => /^--?h(?:elp)?$/.test(word))) {
    process.stdout.write(usage + describeFlags(engineFlags));
    return 0;
  }
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  const started = await startEngine(argv, process.env);
  if (!started.ok) {
    process.stderr.write(`espalier engine: ${started.faults.join("; ")}\n`);
    return process.exit(started.exitCode); // a signal that comes now finds nobody to stop
  }
  await stopAsked;
  const code = await started.process.stop();
  process.exit(code); // whatever may still be open after the drain has had its time
};
