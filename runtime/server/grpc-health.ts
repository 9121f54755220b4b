/** grpc.health.v1 for every protocol. Source: the gRPC health checking protocol; deviation E8. */
import { EngineError } from "../errors.ts";
import { textOf } from "../protocol/wire.ts";
import { varintField } from "../protocol/wire-write.ts";
import type { Readiness } from "../readiness.ts";
import type { ServerStream, UnaryHandler } from "./grpc.ts";

export type Health = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly serverStreams: ReadonlyMap<string, (call: ServerStream) => void>;
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
  return {
    unary: new Map([
      [
        "/grpc.health.v1.Health/Check",
        async ({ body }) => {
          const service = textOf(body, 1);
          if (known.has(service)) return { body: statusMessage(await now()) };
          throw new EngineError("SERVICE_UNKNOWN", `there is no service "${service}"`);
        },
      ],
    ]),
    serverStreams: new Map([
      [
        "/grpc.health.v1.Health/Watch",
        (call) =>
          watch(call, known.has(textOf(call.request, 1)) ? now : async () => serviceUnknown),
      ],
    ]),
  };
};

/** Sends the status at once and whenever it changes, until the client leaves. */
const watch = (call: ServerStream, now: () => Promise<number>): void => {
  let last: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const status = await now();
    if (call.cancelled) return;
    if (status !== last) call.write(statusMessage(status));
    last = status;
    timer = setTimeout(() => void look(), watchMs);
    timer.unref();
  };
  call.on("cancelled", () => {
    clearTimeout(timer);
    call.end();
  });
  call.on("error", () => clearTimeout(timer));
  void look();
};
