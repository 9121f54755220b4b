/**
 * Installs the peers that the tests of this folder run against, unless they are there:
 *
 *     node test/peers/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { prepareGrpcurl } from "./grpcurl.ts";
import { prepareH2spec } from "./h2spec.ts";
import { prepareOnnxruntime } from "./onnxruntime.ts";
import { prepareVenv, venvs } from "./venv.ts";

// biome-ignore lint/style/noProcessEnv: the door of this command
const env = process.env;

const say = (line: string): void => {
  process.stdout.write(`peers: ${line}\n`);
};

/** One part; answers whether it is there. */
const prepare = async (name: string, work: () => Promise<string | undefined>): Promise<boolean> => {
  try {
    const path = await work();
    say(`${name}: ${path ?? "not there and not built, for want of Go; its tests will be skipped"}`);
    return true;
  } catch (error) {
    process.stderr.write(`peers: ${name}: ${error instanceof Error ? error.message : error}\n`);
    return false;
  }
};

const prepared = await Promise.all([
  ...Object.values(venvs).map((venv) => prepare(venv.name, () => prepareVenv(venv, env, say))),
  prepare("onnxruntime", () => prepareOnnxruntime(env, say)),
  prepare("grpcurl", () => prepareGrpcurl(env, say)),
  prepare("h2spec", () => prepareH2spec(env, say)),
]);
if (prepared.includes(false)) process.exitCode = 1;
