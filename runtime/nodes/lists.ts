import { parameterFault } from "./rows.ts";

/**
 * How many numbers all of the lists have, one for each column.
 *
 * @throws {EngineError} PARAMETER_INVALID if one is empty, or has another length than the others.
 */
export const lengthOfAll = (
  node: string,
  lists: Readonly<Record<string, readonly number[]>>,
): number => {
  const [first, ...others] = Object.entries(lists);
  const length = first?.[1].length ?? 0;
  if (length === 0) throw parameterFault(node, `${first?.[0]} has no numbers`);
  for (const [name, list] of others) {
    if (list.length === length) continue;
    throw parameterFault(
      node,
      `${first?.[0]} has ${length} numbers and ${name} ${list.length}; write one for each column in both`,
    );
  }
  return length;
};
