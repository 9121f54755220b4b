/** `node test/fuzz/http2-main.ts --inputs N --seed S`: see http2.ts. Ends with 1 at the first failure. */
import { parseArgs } from "node:util";
import { fuzzHttp2 } from "./http2.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
  },
});
const inputs = Number(values.inputs);
const seed = Number(values.seed);

const say = (value: object | string): void => {
  process.stdout.write(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);
};

if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed)) {
  say("usage: http2-main.ts [--inputs N] [--seed S]; both are whole numbers, N is 1 or more");
  process.exit(2);
}
say(`${inputs} inputs, seed ${seed}`);
const started = performance.now();
const found = await fuzzHttp2({ seed, inputs, progress: say });
say(found);
say(`${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exit("bytes" in found ? 1 : 0);
