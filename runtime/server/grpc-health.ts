/** grpc.health.v1 for every protocol. Source: the gRPC health checking protocol; deviation E8. */
import { EngineError } from "../errors.ts";
import { textOf } from "../protocol/wire.ts";
import { lengthField, textField, varintField } from "../protocol/wire-write.ts";
import type { Readiness } from "../readiness.ts";
import { offCancel, onCancel, type Scope } from "../scope.ts";
import type { ServerStream, StreamHandler, UnaryHandler } from "./grpc.ts";

export type Health = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly serverStreams: ReadonlyMap<string, StreamHandler<ServerStream>>;
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
        async ({ body }) => {
          const service = textOf(body, 1);
          if (known.has(service)) return { body: statusMessage(await now()) };
          throw new EngineError("SERVICE_UNKNOWN", `there is no service "${service}"`);
        },
      ],
      [
        "/grpc.health.v1.Health/List",
        async () => {
          const status = statusMessage(await now());
          const entry = (name: string) => [...textField(1, name), ...lengthField(2, [status])];
          return { body: Buffer.concat([...known].flatMap((name) => lengthField(1, entry(name)))) };
        },
      ],
    ]),
    serverStreams: new Map([
      [
        "/grpc.health.v1.Health/Watch",
        (call, stopping) => {
          const service = textOf(call.request, 1);
          endWith(call, stopping);
          if (known.has(service)) watch(call);
          else call.write(statusMessage(serviceUnknown)); // for good
        },
      ],
    ]),
  };
};

/** Ends a call that would last as long as its client likes. */
const endWith = (call: ServerStream, stopping: Scope): void => {
  const end = (): void => {
    call.end();
  };
  onCancel(stopping, end);
  call.on("cancelled", () => offCancel(stopping, end));
};

/** Sends the status at once and whenever it changes; one look is for all that watch. */
const makeWatch = (now: () => Promise<number>): ((call: ServerStream) => void) => {
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
    const tell = (status: number): void => {
      if (status !== last && call.writable) call.write(statusMessage(status));
      last = status;
    };
    call.on("cancelled", () => watchers.delete(tell));
    void now().then((status) => {
      if (call.cancelled) return;
      tell(status);
      watchers.add(tell);
      wait();
    });
  };
};
