import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];
type Failure = { readonly error: NodeJS.ErrnoException; readonly at: number };

/** How long a name that was not found is taken as not there. */
const failureMs = 1000;

/**
 * Finds addresses of sinks, one question for a name at a time and none again soon after a failure.
 *
 * Node.js asks on four threads, which requests need too: senders that all wait for a name server
 * would hold up answers.
 */
export const makeLookup = (resolve: typeof lookup = lookup): LookupFunction => {
  const waiting = new Map<string, Callback[]>();
  const failures = new Map<string, Failure>();
  return (name, options, callback) => {
    const key = `${name} ${options.all} ${options.family} ${options.hints}`;
    const failure = failures.get(key);
    if (failure !== undefined && performance.now() - failure.at < failureMs) {
      process.nextTick(callback, failure.error, "");
      return;
    }
    const others = waiting.get(key);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    const asking = [callback];
    waiting.set(key, asking);
    resolve(name, options, (error, address, family) => {
      waiting.delete(key);
      if (error === null) failures.delete(key);
      else failures.set(key, { error, at: performance.now() });
      for (const one of asking) one(error, address, family);
    });
  };
};
