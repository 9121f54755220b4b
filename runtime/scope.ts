import type { EngineError } from "./errors.ts";

/**
 * What may be cancelled together: one request, or one branch of its walk.
 *
 * A plain record instead of an AbortSignal, because one is made for every request and an
 * AbortSignal with a listener costs microseconds (docs/decisions/0002-data-path.md). Nearly every
 * scope has one listener at a time, so one has a field, and a list is made for more.
 */
export type Scope = {
  /** Why the scope ended, or undefined while it lives. */
  reason: EngineError | undefined;
  /** The functions below are its only users. */
  listener: Cancelled | undefined;
  others: Cancelled[] | undefined;
};
export type Cancelled = (reason: EngineError) => void;

export const makeScope = (): Scope => ({
  reason: undefined,
  listener: undefined,
  others: undefined,
});

/** Ends the scope: every listener hears the reason once; later calls change nothing. */
export const cancel = (scope: Scope, reason: EngineError): void => {
  if (scope.reason !== undefined) return;
  scope.reason = reason;
  for (let next = take(scope); next !== undefined; next = take(scope)) next(reason);
};

/** One that is still listening: a listener may take another back. */
const take = (scope: Scope): Cancelled | undefined => {
  const { listener } = scope;
  if (listener === undefined) return scope.others?.shift();
  scope.listener = undefined;
  return listener;
};

/** Calls `listener` when the scope ends; at once if it has ended already. One that listens must not be added again. */
export const onCancel = (scope: Scope, listener: Cancelled): void => {
  if (scope.reason !== undefined) listener(scope.reason);
  else if (scope.listener === undefined) scope.listener = listener;
  else if (scope.others === undefined) scope.others = [listener];
  else scope.others.push(listener);
};

export const offCancel = (scope: Scope, listener: Cancelled): void => {
  if (scope.listener === listener) {
    scope.listener = undefined;
    return;
  }
  const at = scope.others?.indexOf(listener) ?? -1;
  if (at >= 0) scope.others?.splice(at, 1);
};

/** A scope that ends with its parent, or before it. Call `release` when its work is done. */
export const childScope = (parent: Scope): { readonly scope: Scope; release(): void } => {
  const scope = makeScope();
  const follow: Cancelled = (reason) => cancel(scope, reason);
  onCancel(parent, follow);
  return { scope, release: () => offCancel(parent, follow) };
};
