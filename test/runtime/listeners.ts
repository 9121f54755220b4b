import type { Scope } from "../../runtime/scope.ts";

/** How many listen for the end of a scope. */
export const listenersOf = ({ listener, others }: Scope): number =>
  (listener === undefined ? 0 : 1) + (others?.length ?? 0);
