/** Many well-behaved clients at a steady rate; every answer is compared with its request. */
import {
  type Asked,
  count,
  type FaultLog,
  makeTally,
  type Outcome,
  type Tally,
  type Target,
} from "./judge.ts";
import { idOf, type Size } from "./message.ts";
import { makePlainGrpc } from "./plain-grpc.ts";
import { makePlainRest } from "./plain-rest.ts";
import type { Random } from "./schedule.ts";

export type LoadOptions = {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly log: FaultLog;
  readonly random: Random;
  /** For a whole request; the engine's own are shorter, so that it always has something to say. */
  readonly deadlineMs: number;
  readonly perSecond: number;
};

export type Load = {
  readonly tally: Tally;
  /** Requests for which no connection was free: they are not made. */
  held(): number;
  /** Requests answered, or so many as there were if the faulty container's were like the steady's. */
  answered(): number;
  /** Requests to the steady container that are not answered yet. */
  waiting(): number;
  setRate(perSecond: number): void;
  rate(): number;
  /** Resolves once so many are answered, or not. */
  judged(wanted: number): Promise<void>;
  /** Asks no more, and resolves when all is over. */
  stop(): Promise<void>;
};

type Ask = (asked: Asked, size: Size) => Promise<Outcome>;
type Kind = { readonly share: number; readonly transport: "rest" | "grpc"; readonly size: Size };

/** Of all requests. */
const kinds: readonly Kind[] = [
  { share: 0.5, transport: "rest", size: "small" },
  { share: 0.1, transport: "rest", size: "large" },
  { share: 0.3, transport: "grpc", size: "small" },
  { share: 0.1, transport: "grpc", size: "large" },
];
const faultyShare = 0.4;
/** Each container's requests have their own, so that those of one do not wait for the other. */
const connections = { rest: 64, grpc: 2 } as const;
/** Of calls under way over gRPC to one container. */
const mostCalls = 200;
const tickMs = 10;
/** How often is looked for what is late, in the time of a deadline. */
const looksForLate = 20;

const kindFor = (random: Random): Kind => {
  let left = random();
  for (const kind of kinds) {
    left -= kind.share;
    if (left < 0) return kind;
  }
  return kinds[0] as Kind; // a rounding error away
};

type Way = { readonly ask: Ask; readonly release: () => void };

/** Connections for the requests to one container. */
type Lane = {
  /** A way to ask, if there is one free. */
  take(transport: "rest" | "grpc"): Way | undefined;
  busy(): number;
  close(): void;
};

const makeLane = ({ httpPort, grpcPort, deadlineMs }: LoadOptions): Lane => {
  const rest = Array.from({ length: connections.rest }, () => makePlainRest(httpPort, deadlineMs));
  const free = [...rest];
  const grpc = Array.from({ length: connections.grpc }, () => makePlainGrpc(grpcPort, deadlineMs));
  let calls = 0;
  const looks = setInterval(() => {
    for (const one of rest) one.look();
  }, deadlineMs / looksForLate);
  return {
    take: (transport) => {
      if (transport === "rest") {
        const connection = free.pop();
        return connection && { ask: connection.ask, release: () => free.push(connection) };
      }
      const client = grpc[calls % grpc.length];
      if (calls >= mostCalls || client === undefined) return undefined;
      calls += 1;
      return {
        ask: client.ask,
        release: () => {
          calls -= 1;
        },
      };
    },
    busy: () => rest.length - free.length + calls,
    close: () => {
      clearInterval(looks);
      for (const one of [...rest, ...grpc]) one.close();
    },
  };
};

export const startLoad = (options: LoadOptions): Load => {
  const { log, random } = options;
  const tally = makeTally();
  const lanes = {
    steady: makeLane(options),
    faulty: makeLane(options),
  } as const satisfies Record<Target, Lane>;
  const atWork = new Set<Promise<void>>();
  const waiting = new Set<() => void>();
  let number = 0;
  let held = 0;
  let steady = 0;
  const go = async (): Promise<void> => {
    const { transport, size } = kindFor(random);
    const target: Target = random() < faultyShare ? "faulty" : "steady";
    const way = lanes[target].take(transport);
    if (way === undefined) {
      held += 1;
      return;
    }
    number += 1;
    const id = idOf(target, number);
    const asked: Asked = { id, target, transport, sentAt: performance.now() };
    const outcome = await way.ask(asked, size);
    way.release();
    count(tally, log, asked, outcome);
    if (target === "steady") steady += 1;
    for (const look of waiting) look();
  };
  const pace = makePace(options.perSecond, () => {
    const work = go().finally(() => atWork.delete(work));
    atWork.add(work);
  });
  return {
    tally,
    held: () => held,
    answered: () => steady / (1 - faultyShare),
    waiting: () => lanes.steady.busy(),
    setRate: pace.set,
    rate: pace.get,
    judged: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (totalOf(tally) < wanted) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    stop: async () => {
      pace.stop();
      await Promise.all(atWork);
      for (const lane of Object.values(lanes)) lane.close();
    },
  };
};

export const totalOf = ({ right, explained, unexplained, lost, mixed }: Tally): number =>
  right + explained + unexplained + lost + mixed;

/** Longer than this no request is made up for: the machine slept, or had something better to do. */
const mostBehindMs = 100;

/** Calls back that many times a second, in bursts of `tickMs`. */
const makePace = (perSecond: number, work: () => void) => {
  let rate = perSecond;
  let owed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    owed += (Math.min(now - last, mostBehindMs) * rate) / 1000;
    last = now;
    for (; owed >= 1; owed -= 1) work();
  }, tickMs);
  return {
    set: (wanted: number): void => {
      rate = wanted;
    },
    get: (): number => rate,
    stop: (): void => clearInterval(timer),
  };
};
