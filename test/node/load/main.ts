/**
 * Sends requests at a constant rate until it is told to stop: a process of its own, which nothing
 * that is tested holds up. It does as the first message says, a Job; the second one ends it, and it
 * answers with a Report when the last request has its answer.
 */
import { once } from "node:events";
import { openGrpc } from "./grpc.ts";
import type { Asker, Failure, Flow, Job, Tally } from "./messages.ts";
import { openRest } from "./rest.ts";

const keptFailures = 12;

type Counting = { readonly stop: () => Promise<Tally> };

const start = (flow: Flow, { perSecond, limitMs }: Job): Counting => {
  const { ask, close }: Asker = flow.transport === "rest" ? openRest(flow) : openGrpc(flow);
  const began = performance.now();
  const intervalMs = 1000 / perSecond;
  const latencies: number[] = [];
  const answers: Record<string, number> = {};
  const failures: Failure[] = [];
  const under = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;
  const send = async (due: number): Promise<void> => {
    try {
      const answer = await ask(limitMs);
      answers[answer] = (answers[answer] ?? 0) + 1;
    } catch (error) {
      failed += 1;
      if (failures.length < keptFailures) {
        failures.push({ afterMs: Math.round(due - began), reason: reasonOf(error) });
      }
    }
    latencies.push(performance.now() - due);
  };
  const sendDue = (): void => {
    for (let due = began + sent * intervalMs; due <= performance.now(); due += intervalMs) {
      sent += 1;
      const one = send(due).finally(() => under.delete(one));
      under.add(one);
    }
  };
  const timer = setInterval(sendDue, Math.max(1, intervalMs / 2));
  const stop = async (): Promise<Tally> => {
    clearInterval(timer);
    await Promise.all(under);
    close();
    latencies.sort((a, b) => a - b);
    return {
      ...{ flow: flow.name, sent, failed, answers, failures },
      worstMs: Math.round(latencies.at(-1) ?? 0),
      medianMs: Math.round(latencies[latencies.length >> 1] ?? 0),
    };
  };
  return { stop };
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException; // as: what node:net rejects with
  return code === undefined || error.message.includes(String(code))
    ? error.message
    : `${code}: ${error.message}`;
};

// Listened for before anything is awaited: who sends waits for nothing.
const [job]: Job[] = await once(process, "message");
if (job === undefined) throw new Error("no job came");
const stopped = once(process, "message");
const counting = job.flows.map((flow) => start(flow, job));
await stopped;
const report = await Promise.all(counting.map(({ stop }) => stop()));
process.send?.(report, () => process.disconnect());
