import type { Issue } from "../../../api/result.ts";
import type { Parameters } from "../parameters.ts";
import { ModelFault } from "./fault.ts";
import type { Method, ModelOptions } from "./stored-model.ts";

const methods: readonly Method[] = ["predict", "predict_proba", "decision_function"];

/** Parameters that a cluster adds to every server; a path is known here already. */
const ofServers = ["model_uri", "model_name"];

/** What the parameters of a node say. One that means nothing here is a warning. */
export const readOptions = (parameters: Parameters, warnings: Issue[]): ModelOptions => {
  const known = ["method", "class_names", "output"];
  for (const name of Object.keys(parameters)) {
    if (known.includes(name) || ofServers.includes(name)) continue;
    const message = `means nothing to a stored model: known are ${known.join(", ")}`;
    warnings.push({ path: `parameter ${name}`, message });
  }
  const { method, class_names: classNames, output } = parameters;
  return {
    method: method === undefined ? undefined : methodOf(String(method)),
    classNames:
      classNames === undefined
        ? undefined
        : String(classNames)
            .split(",")
            .map((name) => name.trim()),
    output: output === undefined ? undefined : String(output),
  };
};

const methodOf = (word: string): Method => {
  const method = methods.find((each) => each === word);
  if (method !== undefined) return method;
  throw new ModelFault(
    "parameter method",
    `is ${JSON.stringify(word)}: known are ${methods.join(", ")}`,
  );
};
