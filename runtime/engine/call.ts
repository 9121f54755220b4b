import { childScope, type Scope } from "../scope.ts";

/**
 * What travels along with a message through the whole graph.
 *
 * `Carried` is what the client sent along and every node shall see, in the form that the
 * transport's client writes; the walk hands it on unread.
 */
export type Call<Carried = unknown> = {
  /** The request id, `Seldon-Puid`. */
  readonly id: string;
  readonly carried: Carried;
  /** The model name of the request, which stands in for every node's own; undefined under `seldon`. */
  readonly modelName: string | undefined;
  /** Ends when the client leaves, the deadline passes, or a sibling failed. */
  readonly scope: Scope;
  /** The client wants none of its messages logged. Source: engine contract, 7.5. */
  readonly unlogged?: boolean;
  /**
   * Takes the bodies that nodes answered with, if nothing keeps a message beyond its call: their
   * memory may be used again then. Shared by all branches.
   */
  readonly bodies?: Buffer[] | undefined;
  /** What was decided so far, by node name; shared by all branches. Source: engine contract, 6.6. */
  readonly routes: Map<string, number>;
};

/** The same call for one branch, which can be given up without the others. */
export const branch = <Carried>(
  call: Call<Carried>,
): { readonly call: Call<Carried>; release(): void } => {
  const { scope, release } = childScope(call.scope);
  return { call: { ...call, scope }, release };
};
