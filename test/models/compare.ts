/**
 * Compares stored models with what their libraries answer: `node test/models/compare.ts FOLDER`.
 * Prints a line of JSON for each model of the folder.
 */
import { casesIn, differenceOf, loaded, predictions } from "./answers.ts";

const [folder = ""] = process.argv.slice(2);

for (const { name, kind, file, parameters, X, P } of casesIn(folder)) {
  const answers = await predictions(await loaded(file, parameters), X);
  const line = { name, kind, rows: X.length, difference: differenceOf(answers, P) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
