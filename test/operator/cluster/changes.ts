import type { Changed } from "../../../operator/cluster/cluster.ts";

const lookMs = 50;
/** A watch waits for half a minute before it asks again a server that was away for long. */
const limitMs = 120_000;

/** Notes what a cluster tells of, and waits for what comes true with it. */
export const makeChanges = () => {
  const changes = new Set<string>();
  let wake = (): void => {};
  const changed: Changed = (namespace, name) => {
    changes.add(`${namespace}/${name}`);
    wake();
  };
  /** What nobody tells of, such as the end of a deletion, is looked at every now and then. */
  const nextLook = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, lookMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const until = async (claim: () => boolean | Promise<boolean>): Promise<void> => {
    const late = performance.now() + limitMs;
    while (!(await claim())) {
      if (performance.now() > late) throw new Error(`not true within ${limitMs} ms: ${claim}`);
      await nextLook();
    }
  };
  return { changes, changed, until };
};
