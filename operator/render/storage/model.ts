import type { Settings } from "../../../api/settings.ts";
import type { Facts } from "../desired.ts";

/** A stored model: where it is, who reads it, and what its owner in the manifest says about that. */
export type Model = {
  /** Never empty. */
  readonly uri: string;
  /** The name of the container that reads it. */
  readonly container: string;
  readonly envSecretRefName: string | undefined;
  readonly storageInitializerImage: string | undefined;
  /** The service account whose secrets open the store. */
  readonly account: string;
  /** The field path of its owner: a node of a graph, or an explainer. */
  readonly path: string;
};

/** What fetching a model depends on beside the model. */
export type Store = { readonly settings: Settings; readonly facts: Facts };
