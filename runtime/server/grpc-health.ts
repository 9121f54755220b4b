/** grpc.health.v1 for every protocol. Source: the gRPC health checking protocol; deviation E8. */
import { EngineError } from "../errors.ts";
import { textOf } from "../protocol/wire.ts";
import { lengthField, textField, varintField } from "../protocol/wire-write.ts";
import type { Readiness } from "../readiness.ts";
import { offCancel, onCancel, type Scope } from "../scope.ts";
import {
  type CallStream,
  promising,
  type ServerStreamHandler,
  type UnaryHandler,
} from "./grpc-call.ts";

export type Health = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly serverStreams: ReadonlyMap<string, ServerStreamHandler>;
};

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

/** How often a watched status is looked at. */
const watchMs = 2000;

const statusMessage = (status: number): Buffer => Buffer.concat(varintField(1, status));

/** `services` are the full names that may be asked for; "" asks for the server as a whole. */
export const makeHealth = (services: readonly string[], readiness: Readiness): Health => {
  const known = new Set(["", ...services]);
  const now = async (): Promise<number> =>
    (await readiness()) === undefined ? serving : notServing;
  const watch = makeWatch(now);
  return {
    unary: new Map<string, UnaryHandler>([
      [
        "/grpc.health.v1.Health/Check",
        promising(async ({ body }) => {
          const service = textOf(body, 1);
          if (known.has(service)) return { body: statusMessage(await now()) };
          throw new EngineError("SERVICE_UNKNOWN", `there is no service "${service}"`);
        }),
      ],
      [
        "/grpc.health.v1.Health/List",
        promising(async () => {
          const status = statusMessage(await now());
          const entry = (name: string) => [...textField(1, name), ...lengthField(2, [status])];
          return { body: Buffer.concat([...known].flatMap((name) => lengthField(1, entry(name)))) };
        }),
      ],
    ]),
    serverStreams: new Map([
      [
        "/grpc.health.v1.Health/Watch",
        (request, call, stopping) => {
          const service = textOf(request, 1);
          const unwatch = known.has(service) ? watch(call) : () => {};
          if (!known.has(service)) call.send(statusMessage(serviceUnknown)); // for good
          untilEither(stopping, call.scope, () => {
            unwatch();
            call.end();
          });
        },
      ],
    ]),
  };
};

/** Calls `end` once, when the first of the two ends. */
const untilEither = (one: Scope, other: Scope, end: () => void): void => {
  const first = (): void => {
    offCancel(one, first);
    offCancel(other, first);
    end();
  };
  onCancel(one, first);
  if (one.reason === undefined) onCancel(other, first);
};

/** Sends the status at once and whenever it changes, until told not to; one look is for all that watch. */
const makeWatch = (now: () => Promise<number>): ((call: CallStream) => () => void) => {
  const watchers = new Set<(status: number) => void>();
  let isWaiting = false;
  const look = async (): Promise<void> => {
    const status = await now();
    for (const tell of watchers) tell(status);
    isWaiting = false;
    wait();
  };
  const wait = (): void => {
    if (isWaiting || watchers.size === 0) return;
    isWaiting = true;
    setTimeout(() => void look(), watchMs).unref();
  };
  return (call) => {
    let last: number | undefined;
    let over = false;
    const tell = (status: number): void => {
      if (status !== last) call.send(statusMessage(status));
      last = status;
    };
    void now().then((status) => {
      if (over) return;
      tell(status);
      watchers.add(tell);
      wait();
    });
    return () => {
      over = true;
      watchers.delete(tell);
    };
  };
};
