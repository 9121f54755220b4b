import type { Answer } from "../../../operator/cluster/failure.ts";
import type { Ask, Wire } from "../../../operator/cluster/wire.ts";

/** What a server does with a request: answers it, or streams lines until the test ends them. */
export type Reply = Spoken | Error;

type Spoken = Answer | { readonly lines: AsyncIterable<string> };

/** A wire whose other end is a function; every request is kept. */
export const makeScriptedWire = (reply: (ask: Ask) => Reply | Promise<Reply>) => {
  const asks: Ask[] = [];
  const take = async (ask: Ask): Promise<Spoken> => {
    asks.push(ask);
    const answer = await reply(ask);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const wire: Wire = {
    ask: async (ask) => {
      const answer = await take(ask);
      if ("lines" in answer) throw new Error("this was to be a stream");
      return answer;
    },
    stream: async (ask, onLine) => {
      const answer = await take(ask);
      if (!("lines" in answer)) return answer;
      for await (const line of answer.lines) onLine(line);
      return undefined;
    },
    close: () => {},
  };
  return { wire, asks };
};

/** A stream of watch events that the test feeds. */
export const makeFeed = () => {
  const held: string[] = [];
  let isEnded = false;
  let broken: Error | undefined;
  let wake = (): void => {};
  const lines = async function* (): AsyncGenerator<string> {
    for (;;) {
      const line = held.shift();
      if (line !== undefined) yield line;
      else if (broken !== undefined) throw broken;
      else if (isEnded) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  };
  return {
    lines: lines(),
    send: (type: string, object: unknown): void => {
      held.push(JSON.stringify({ type, object }));
      wake();
    },
    sendText: (text: string): void => {
      held.push(text);
      wake();
    },
    end: (): void => {
      isEnded = true;
      wake();
    },
    break: (error: Error): void => {
      broken = error;
      wake();
    },
  };
};
