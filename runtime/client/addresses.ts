/** Where a host is: all the addresses of its name, which new connections take by turns. */
import { ADDRCONFIG, type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";

export type Addresses = {
  /**
   * For `net.connect`: the addresses in the order in which they are to be tried. Each time another
   * one is the first; those that took no connection lately are the last.
   */
  readonly lookup: LookupFunction;
  /** To be called while the host is in use: asks again, in the background, when it is time. */
  refresh(now: number): void;
  /** This address took no connection, or took one again. */
  mark(address: string, works: boolean): void;
  /**
   * None took a connection that was begun at `since`: the next lookup waits for a new answer.
   * Answers whether that is worth a try: whether the addresses were found before `since`.
   */
  distrust(since: number): boolean;
  /** False once the name has no such address any more. */
  has(address: string): boolean;
};

export type AddressesOptions = {
  readonly host: string;
  /** How addresses are found, and the only way; as the system does it if absent. */
  readonly lookup?: LookupFunction;
};

type Answer = {
  readonly list: readonly LookupAddress[];
  /** When it came. */
  readonly at: number;
};
type Waiting = (error: NodeJS.ErrnoException | null) => void;

/** How old an answer may be while the host is in use. */
const refreshMs = 5000;
/** How long an address that took no connection is the last to be tried. */
const avoidMs = 10_000;

/** Undefined for a host that is an address already. */
export const makeAddresses = (options: AddressesOptions): Addresses | undefined =>
  isIP(options.host) === 0 ? makeNamed(options.host, options.lookup ?? systemLookup) : undefined;

const makeNamed = (host: string, ask: LookupFunction): Addresses => {
  const failures = new Map<string, number>();
  const waiting: Waiting[] = [];
  let known: Answer | undefined;
  let trusted = false;
  let asking = false;
  let askedAt = 0;
  let turn = 0;

  const question = (): void => {
    asking = true;
    askedAt = performance.now();
    // The hints are those of net.connect: addresses of a family that this machine has.
    ask(host, { all: true, hints: ADDRCONFIG }, (error, found, family) => {
      asking = false;
      const failure = error ?? learn(listOf(found, family));
      if (failure !== null && !trusted) known = undefined;
      for (const one of waiting.splice(0)) one(failure);
    });
  };

  /** Answers why it cannot, if so. */
  const learn = (list: readonly LookupAddress[]): NodeJS.ErrnoException | null => {
    if (list.length === 0) return withoutAddress(host);
    known = { list, at: performance.now() };
    trusted = true;
    for (const address of failures.keys()) if (!has(address)) failures.delete(address);
    return null;
  };

  const has = (address: string): boolean =>
    known === undefined || known.list.some((one) => one.address === address);

  const ordered = (): LookupAddress[] => {
    const list = known?.list ?? [];
    const first = turn % Math.max(1, list.length);
    turn += 1;
    const turned = [...list.slice(first), ...list.slice(0, first)];
    if (failures.size === 0) return turned;
    const since = performance.now() - avoidMs;
    const failedAt = ({ address }: LookupAddress): number =>
      Math.max(failures.get(address) ?? 0, since);
    return turned.sort((a, b) => failedAt(a) - failedAt(b));
  };

  return {
    has,
    lookup: (_host, _options, callback) => {
      // Later, always: net.connect tells where it tries to connect, and must have its listeners.
      const tell: Waiting = (error) =>
        process.nextTick(callback, error, error === null ? ordered() : []);
      if (trusted) {
        tell(null);
        return;
      }
      waiting.push(tell);
      if (!asking) question();
    },
    refresh: (now) => {
      if (trusted && !asking && now - askedAt > refreshMs) question();
    },
    mark: (address, works) => {
      if (works) failures.delete(address);
      else failures.set(address, performance.now());
    },
    distrust: (since) => {
      trusted = false;
      return known !== undefined && known.at < since;
    },
  };
};

const withoutAddress = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" });

/** A lookup may answer a single address although all were asked for. */
const listOf = (
  found: string | readonly LookupAddress[],
  family: number | undefined,
): readonly LookupAddress[] =>
  typeof found === "string" ? [{ address: found, family: family ?? isIP(found) }] : found;
