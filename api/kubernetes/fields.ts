/**
 * The Kubernetes field names and types that a manifest may embed: facts, one table a topic.
 *
 * They serve twice: the static types are derived from them, and the shape check finds a misspelt
 * or mistyped field anywhere below a pod spec. A word says what a field holds: `string`, `int`,
 * `bool`, `quantity`, `intOrString`, `any`, or the name of another table row; `x[]` is a list of
 * x, `x{}` a map from string to x, and a final `!` marks a field that Kubernetes requires.
 *
 * Source: Kubernetes 1.34 API reference, core/v1, meta/v1, autoscaling/v2 (and the retired v2beta1).
 */

import { autoscalingFields } from "./autoscaling.ts";
import { containerFields } from "./container.ts";
import { metaFields } from "./meta.ts";
import { podFields } from "./pod.ts";
import { volumeFields } from "./volume.ts";

export const kubernetesFields = {
  ...metaFields,
  ...containerFields,
  ...volumeFields,
  ...podFields,
  ...autoscalingFields,
} as const;

type Fields = typeof kubernetesFields;
export type KubernetesKind = keyof Fields;

/** The static type of one table row; fields that are not in the table are kept at run time. */
export type Kubernetes<K extends KubernetesKind> = {
  readonly [F in keyof Fields[K] as Fields[K][F] extends `${string}!` ? F : never]: Held<
    Fields[K][F]
  >;
} & {
  readonly [F in keyof Fields[K] as Fields[K][F] extends `${string}!` ? never : F]?: Held<
    Fields[K][F]
  >;
};

type Held<W> = W extends `${infer Word}!`
  ? Held<Word>
  : W extends `${infer Item}[]`
    ? readonly Held<Item>[]
    : W extends `${infer Item}{}`
      ? { readonly [key: string]: Held<Item> }
      : W extends keyof Scalars
        ? Scalars[W]
        : W extends KubernetesKind
          ? Kubernetes<W>
          : never;

type Scalars = {
  string: string;
  int: number;
  bool: boolean;
  quantity: string | number;
  intOrString: string | number;
  any: unknown;
};
