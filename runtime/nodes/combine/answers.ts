/** The answers of all children as rows, for combiners. */
import type { Means } from "../definition.ts";
import type { Look } from "../node.ts";
import { type Rows, rowsOf, unfit } from "../rows.ts";

/**
 * One of each child, all with as many rows. A vector is one value a row: what many models answer.
 *
 * @throws {EngineError} PAYLOAD_UNFIT naming the child.
 */
export const answersOf = ({ name, branches }: Means, looks: readonly Look[]): readonly Rows[] => {
  const answers = looks.map((look, child) => {
    const { shape, values, names } = look.numbers();
    const [count] = shape;
    const rows = shape.length === 1 && count !== undefined ? [count, 1] : shape;
    return rowsOf(
      `${name}, child ${branches[child]?.name ?? child}`,
      { shape: rows, values, names },
      undefined,
    );
  });
  const [first] = answers;
  if (first === undefined) throw unfit(name, "no child answered, there is nothing to combine");
  const odd = answers.findIndex(({ count }) => count !== first.count);
  if (odd < 0) return answers;
  throw unfit(
    name,
    `child ${branches[0]?.name} answered ${first.count} rows, child ${branches[odd]?.name} ${answers[odd]?.count}`,
  );
};
