import { childScope, type Scope } from "../scope.ts";

/** What travels along with a message through the whole graph. */
export type Call = {
  /** The request id, `Seldon-Puid`. */
  readonly id: string;
  /** What the client sent along and every node shall see, ready to be written by the transport's client. */
  readonly metadata: string;
  /** The client asked for compressed answers: they pass through as they are. */
  readonly acceptsEncoding: boolean;
  /** The model name of the request's path, which stands in for every node's own; undefined under `seldon`. */
  readonly modelName: string | undefined;
  /** Ends when the client leaves, the deadline passes, or a sibling failed. */
  readonly scope: Scope;
  /** What was decided so far, by node name; shared by all branches. Source: engine contract, 6.6. */
  readonly routes: Map<string, number>;
};

/** The same call for one branch, which can be given up without the others. */
export const branch = (call: Call): { readonly call: Call; release(): void } => {
  const { scope, release } = childScope(call.scope);
  return { call: { ...call, scope }, release };
};
