import { asEngineError, type EngineError } from "./errors.ts";

/**
 * Takes what came of something: an answer, or the error that it failed with.
 *
 * It is called exactly once, at once or later, and never throws. What is given one may throw an
 * EngineError itself only before it has called it. There is none of the cost of a promise, which
 * every request would pay at every step (docs/decisions/0009-continuations.md).
 */
export type Done<Answer> = (
  ...outcome: [error: EngineError, answer: undefined] | [error: undefined, answer: Answer]
) => void;

/** Does the work and tells what came of it; what it throws, or rejects with, is an error of ours. */
export const settle = <Answer>(work: () => Answer | Promise<Answer>, done: Done<Answer>): void => {
  let made: Answer | Promise<Answer>;
  try {
    made = work();
  } catch (thrown) {
    done(asEngineError(thrown), undefined);
    return;
  }
  if (made instanceof Promise) {
    made.then(
      (answer) => done(undefined, answer),
      (thrown) => done(asEngineError(thrown), undefined),
    );
  } else done(undefined, made);
};

/** Starts work that tells what came of it; what it throws before is told too. */
export const attempt = <Answer>(work: (done: Done<Answer>) => void, done: Done<Answer>): void => {
  try {
    work(done);
  } catch (thrown) {
    done(asEngineError(thrown), undefined);
  }
};

/** What came of it as a promise, for what is not on the path of a prediction. */
export const promised = <Answer>(work: (done: Done<Answer>) => void): Promise<Answer> =>
  new Promise((resolve, reject) => {
    attempt(work, (error, answer) => {
      if (error !== undefined) reject(error);
      else resolve(answer);
    });
  });
