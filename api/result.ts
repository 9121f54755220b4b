/** Something a person must mend: where it is (a field path they can find) and what to do about it. */
export type Issue = { readonly path: string; readonly message: string };

/** An expected failure is a value. `warnings` never stop anything, and are never dropped in silence. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] };

export const success = <T>(value: T, warnings: readonly Issue[] = []): Result<T> => ({
  ok: true,
  value,
  warnings,
});

export const failure = (
  issues: readonly Issue[],
  warnings: readonly Issue[] = [],
): Result<never> => ({ ok: false, issues, warnings });
