/** Is every node of the graph there to be called? Source: engine contract, 10.5. */
import { connect } from "node:net";
import type { HttpClient } from "./client/http.ts";
import type { HttpReply } from "./client/reply-reader.ts";
import type { Deadlines } from "./deadlines.ts";
import { promised } from "./done.ts";
import { asEngineError, EngineError } from "./errors.ts";
import { makeScope } from "./scope.ts";

/** Where a node is reached for a check; `name` is told when it fails. */
export type Target = { readonly name: string; readonly host: string; readonly port: number };

/** Undefined when every target answers; else why the first that does not, does not. */
export type Readiness = () => Promise<string | undefined>;

/** How long one node may take; the operator's probe gives up after 60 s. */
const checkTimeoutMs = 10_000;

/** Opens and closes a connection to each target in turn, and stops at the first failure. */
export const makeConnectReadiness = (targets: readonly Target[], deadlines: Deadlines): Readiness =>
  firstFailure(targets, (target) => tryConnect(target, deadlines));

/** Asks each target `GET path`, which must answer 200. */
export const makeHealthReadiness = (
  targets: readonly Target[],
  path: string,
  clientFor: (host: string, port: number) => HttpClient,
): Readiness =>
  firstFailure(targets, async ({ host, port }) => {
    const asked = {
      ...{ method: "GET", path, headerLines: "", body: undefined },
      ...{ timeoutMs: checkTimeoutMs, scope: makeScope() },
    };
    const { status } = await promised<HttpReply>((done) => clientFor(host, port).send(asked, done));
    if (status !== 200) throw new EngineError("NODE_STATUS", `GET ${path} answered ${status}`);
  });

const firstFailure =
  (targets: readonly Target[], check: (target: Target) => Promise<void>): Readiness =>
  async () => {
    for (const target of targets) {
      try {
        await check(target);
      } catch (thrown) {
        const { message } = asEngineError(thrown);
        return `node ${target.name} at ${target.host}:${target.port} is not ready: ${message}`;
      }
    }
    return undefined;
  };

const tryConnect = ({ host, port }: Target, deadlines: Deadlines): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const finish = (error: Error | undefined): void => {
      deadlines.clear(deadline);
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    const deadline = deadlines.set(checkTimeoutMs, () =>
      finish(new EngineError("NODE_UNREACHABLE", `no connection within ${checkTimeoutMs} ms`)),
    );
    socket.on("connect", () => finish(undefined));
    socket.on("error", finish);
  });
