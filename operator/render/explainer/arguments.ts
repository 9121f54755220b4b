/** The command line of an explainer that speaks the seldon or tensorflow protocol. */
import type { Explainer } from "../../../api/types.ts";
import { modelFolder } from "../env.ts";
import { explainerPort } from "../ports.ts";
import type { Subject } from "../subject.ts";
import type { Speech } from "./speech.ts";

/**
 * Flags of the server, the kind of explainer, flags of that kind. What the user's container says
 * takes the place of ours, and stays on its side of the kind. Source: operator contract, 5, 12.24.
 */
export const explainerArgs = (
  explainer: Explainer,
  speech: Speech,
  subject: Subject,
): readonly string[] => {
  const kind = explainer.type ?? "";
  const own = grouped(explainer.containerSpec?.args ?? [], kind);
  const at = own.findIndex(([word]) => word === kind);
  const [before, after] = at < 0 ? [own, []] : [own.slice(0, at), own.slice(at + 1)];
  return [
    ...merged(serverFlags(explainer, speech, subject), before),
    kind,
    ...merged(kindFlags(explainer), after),
  ];
};

const serverFlags = (
  { modelUri }: Explainer,
  { protocol, transport, predictor }: Speech,
  subject: Subject,
): readonly string[] => [
  `--model_name=${subject.predictor.graph.name}`,
  `--predictor_host=${predictor}`,
  `--protocol=${protocol}.${transport}`,
  `--http_port=${explainerPort(subject)}`,
  ...(modelUri ? [`--storage_uri=${modelFolder}`] : []),
];

/** A file of the model, named by its place in the store, is where the store is copied to. */
const kindFlags = ({ type, modelUri, config = {} }: Explainer): readonly string[] => [
  ...(type === "AnchorImages" ? ["--tf_data_type=float32"] : []),
  ...Object.keys(config)
    .sort()
    .map((key) => {
      const value = config[key] ?? "";
      return `--${key}=${modelUri ? value.replace(modelUri, modelFolder) : value}`;
    }),
];

/** A word of a command line, with the value that follows it as a word of its own. */
type Group = readonly [word: string, ...values: string[]];

const grouped = (args: readonly string[], kind: string): readonly Group[] => {
  const groups: Group[] = [];
  for (const arg of args) {
    const last = groups.at(-1);
    const isOpen = last !== undefined && last.length === 1 && /^--[^=]+$/.test(last[0]);
    if (isOpen && !arg.startsWith("--") && arg !== kind) groups[groups.length - 1] = [last[0], arg];
    else groups.push([arg]);
  }
  return groups;
};

const flagOf = (word: string): string => (word.startsWith("--") ? (word.split("=")[0] ?? "") : "");

const merged = (ours: readonly string[], own: readonly Group[]): readonly string[] => {
  const isSet = new Set(own.map(([word]) => flagOf(word)));
  return [...ours.filter((word) => !isSet.has(flagOf(word))), ...own.flat()];
};
