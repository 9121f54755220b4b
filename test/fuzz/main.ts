/**
 * `npm run fuzz -- [http1|http2] --inputs N --seed S`: see http1.ts and http2.ts. Ends with 1 at the
 * first difference.
 */
import { parseArgs } from "node:util";
import { fuzz as fuzzHttp1 } from "./http1.ts";
import { fuzzHttp2 } from "./http2.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const inputs = Number(values.inputs);
const seed = Number(values.seed);
const fuzzers = { http1: fuzzHttp1, http2: fuzzHttp2 };
const [name = "http1"] = positionals;
const fuzz = name === "http1" || name === "http2" ? fuzzers[name] : undefined;

const say = (value: object | string): void => {
  process.stdout.write(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);
};

if (fuzz === undefined || !Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed)) {
  say(
    "usage: npm run fuzz -- [http1|http2] [--inputs N] [--seed S]; both are whole numbers, N is 1 or more",
  );
  process.exit(2);
}
say(`${name}: ${inputs} inputs, seed ${seed}`);
const started = performance.now();
const found = await fuzz({ seed, inputs, progress: say });
say(found);
say(`${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exit("bytes" in found ? 1 : 0);
