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

type Value<R> = R extends { readonly ok: true; readonly value: infer T } ? T : never;

/** All their values, or everything that is wrong with any. */
export const together = <R extends readonly Result<unknown>[] | []>(
  results: R,
): Result<{ readonly [I in keyof R]: Value<R[I]> }> => {
  const warnings = results.flatMap((result) => result.warnings);
  const issues = results.flatMap((result) => (result.ok ? [] : result.issues));
  if (issues.length > 0) return failure(issues, warnings);
  const values = results.flatMap((result) => (result.ok ? [result.value] : []));
  // flatMap has lost which value is in which place; none is missing.
  return success(values as { readonly [I in keyof R]: Value<R[I]> }, warnings);
};
