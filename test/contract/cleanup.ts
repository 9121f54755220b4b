/** What a test opened, closed when it ends: the last first. */
import { afterAll, afterEach } from "@jest/globals";

/** Takes something to close after the test, or after all tests of the file. */
export type Later = (close: () => unknown) => void;

const makeLater = (register: (close: () => Promise<void>) => void): Later => {
  const opened: (() => unknown)[] = [];
  register(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });
  return (close) => opened.push(close);
};

/** To be called once, at the top of a file or of a `describe`. */
export const closeAfterEach = (): Later => makeLater(afterEach);

export const closeAfterAll = (): Later => makeLater(afterAll);
