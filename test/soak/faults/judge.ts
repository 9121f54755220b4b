/** What came of a request, and whether a fault explains it. */
import type { FaultKind } from "./schedule.ts";

/** The container that a request is routed to: only `faulty` ever misbehaves. */
export type Target = "steady" | "faulty";

export type Asked = {
  readonly id: string;
  readonly target: Target;
  readonly transport: "rest" | "grpc";
  /** Milliseconds of `performance.now()`. */
  readonly sentAt: number;
};

/** As a client sees it. */
export type Outcome =
  | { readonly is: "right" }
  /** A success that is not the answer to this request. */
  | { readonly is: "wrong"; readonly what: string }
  /** HTTP status, or gRPC code. */
  | { readonly is: "error"; readonly code: number; readonly what: string }
  /** Nothing within the deadline, or half an answer. */
  | { readonly is: "none"; readonly what: string };

export const verdicts = ["right", "explained", "unexplained", "lost", "mixed"] as const;
export type Verdict = (typeof verdicts)[number];

type Window = { readonly kind: FaultKind; readonly from: number; to: number };

export type FaultLog = {
  /** Notes that a fault begins; what is returned is to be called when it ends. */
  begin(kind: FaultKind): () => void;
  judge(asked: Asked, outcome: Outcome): Verdict;
};

/** How long after a fault its container may still be missed: a client waits before it connects anew. */
const recoveryMs = 2500;

const gone = [14];
/** gRPC codes that a fault may lead to; over REST it is always 500. Source: docs/engine.md, errors. */
const codes: Readonly<Record<FaultKind, readonly number[]>> = {
  kill: gone,
  hang: [4, ...gone],
  slow: [4, ...gone],
  drop: gone,
  garbage: [13, ...gone],
  "half-close": gone,
};
const restStatus = 500;

export const makeFaultLog = (now: () => number = () => performance.now()): FaultLog => {
  const windows: Window[] = [];
  const explains = ({ kind, from, to }: Window, asked: Asked, code: number): boolean =>
    asked.sentAt <= to + recoveryMs &&
    from <= now() &&
    (asked.transport === "rest" ? code === restStatus : codes[kind].includes(code));
  return {
    begin: (kind) => {
      const window: Window = { kind, from: now(), to: Number.POSITIVE_INFINITY };
      windows.push(window);
      return () => {
        window.to = now();
      };
    },
    judge: (asked, outcome) => {
      switch (outcome.is) {
        case "right":
          return "right";
        case "wrong":
          return "mixed";
        case "none":
          return "lost";
        case "error":
          return asked.target === "faulty" &&
            windows.some((window) => explains(window, asked, outcome.code))
            ? "explained"
            : "unexplained";
      }
    },
  };
};

export type Tally = Record<Verdict, number> & {
  /** The first ones of what must not be, in words. */
  readonly problems: string[];
};

const mostProblems = 20;

export const makeTally = (): Tally => ({
  ...{ right: 0, explained: 0, unexplained: 0, lost: 0, mixed: 0 },
  problems: [],
});

export const count = (tally: Tally, log: FaultLog, asked: Asked, outcome: Outcome): void => {
  const verdict = log.judge(asked, outcome);
  tally[verdict] += 1;
  if (verdict === "right" || verdict === "explained" || tally.problems.length >= mostProblems)
    return;
  const { transport, target, id, sentAt } = asked;
  const after = Math.round(performance.now() - sentAt);
  const what = outcome.is === "right" ? "" : `: ${outcome.what}`;
  tally.problems.push(`${verdict}: ${transport} ${id} to ${target} after ${after} ms${what}`);
};

/** No answer is lost or mixed up, and every error has its fault. */
export const isClean = ({ right, unexplained, lost, mixed }: Tally): boolean =>
  right > 0 && unexplained + lost + mixed === 0;
