import type { EngineError } from "./errors.ts";

/**
 * What may be cancelled together: one request, or one branch of its walk.
 *
 * A plain record instead of an AbortSignal, because one is made for every request and an
 * AbortSignal with a listener costs microseconds (docs/decisions/0002-data-path.md).
 */
export type Scope = {
  /** Why the scope ended, or undefined while it lives. */
  reason: EngineError | undefined;
  readonly listeners: Set<Cancelled>;
};
export type Cancelled = (reason: EngineError) => void;

export const makeScope = (): Scope => ({ reason: undefined, listeners: new Set() });

/** Ends the scope: every listener hears the reason once; later calls change nothing. */
export const cancel = (scope: Scope, reason: EngineError): void => {
  if (scope.reason !== undefined) return;
  scope.reason = reason;
  for (const listener of scope.listeners) listener(reason);
  scope.listeners.clear();
};

/** Calls `listener` when the scope ends; at once if it has ended already. */
export const onCancel = (scope: Scope, listener: Cancelled): void => {
  if (scope.reason === undefined) scope.listeners.add(listener);
  else listener(scope.reason);
};

export const offCancel = (scope: Scope, listener: Cancelled): void => {
  scope.listeners.delete(listener);
};

/** A scope that ends with its parent, or before it. Call `release` when its work is done. */
export const childScope = (parent: Scope): { readonly scope: Scope; release(): void } => {
  const scope = makeScope();
  const follow: Cancelled = (reason) => cancel(scope, reason);
  onCancel(parent, follow);
  return { scope, release: () => offCancel(parent, follow) };
};
