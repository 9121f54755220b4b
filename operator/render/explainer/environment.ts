/** The environment of an explainer that speaks protocol v2: MLServer's. Source: operator contract, 5. */
import { at } from "../../../api/path.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import { hint } from "../../../api/spelling.ts";
import type { Container, EnvVar, Explainer } from "../../../api/types.ts";
import { modelFolder, ownWins } from "../env.ts";
import { explainerPort } from "../ports.ts";
import type { Subject } from "../subject.ts";
import type { Speech } from "./speech.ts";

/** Source: operator contract, 5. */
const tags: { readonly [type: string]: string } = {
  AnchorTabular: "anchor_tabular",
  AnchorImages: "anchor_image",
  AnchorText: "anchor_text",
  Counterfactuals: "counterfactuals",
  Contrastive: "contrastive",
  KernelShap: "kernel_shap",
  IntegratedGradients: "integrated_gradients",
  ALE: "ALE",
  TreeShap: "tree_shap",
};

/** What a user's container sets wins. Source: operator contract, 12.24. */
export const explainerEnv = (
  container: Container,
  speech: Speech,
  subject: Subject,
  path: string,
): Result<readonly EnvVar[]> => {
  const extra = modelExtra(subject.predictor.explainer ?? {}, speech, subject, path);
  if (!extra.ok) return extra;
  const offered = [
    { name: "MLSERVER_HTTP_PORT", value: String(explainerPort(subject)) },
    {
      name: "MLSERVER_MODEL_IMPLEMENTATION",
      value: "mlserver_alibi_explain.AlibiExplainRuntime",
    },
    { name: "MLSERVER_MODEL_NAME", value: container.name },
    { name: "MLSERVER_MODEL_URI", value: modelFolder },
    { name: "MLSERVER_MODEL_EXTRA", value: extra.value },
  ];
  return success(ownWins(offered, container.env ?? []));
};

const modelExtra = (
  { type = "", initParameters }: Explainer,
  { predictor }: Speech,
  subject: Subject,
  path: string,
): Result<string> => {
  if (!Object.hasOwn(tags, type)) {
    const message =
      `"${type}" is no explainer of protocol v2; ` +
      `write one of ${Object.keys(tags).join(", ")}${hint(type, Object.keys(tags))}`;
    return failure([{ path: at(path, "type"), message }]);
  }
  if (initParameters && !isJson(initParameters)) {
    const message = "is not JSON; write a JSON object in quotes";
    return failure([{ path: at(path, "initParameters"), message }]);
  }
  const root = subject.predictor.graph.name;
  const fields = [
    `"explainer_type":${JSON.stringify(tags[type])}`,
    `"infer_uri":${JSON.stringify(`http://${predictor}/v2/models/${root}/infer`)}`,
    ...(initParameters ? [`"init_parameters":${initParameters}`] : []),
  ];
  return success(`{${fields.join(",")}}`);
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
