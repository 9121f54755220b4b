import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import { type Clock, pause } from "./clock.ts";

/**
 * Free ports are looked for here: below the range from which systems take the ports of outgoing
 * connections (Linux: 32768 on), so that no client of ours sits on one in the meantime.
 */
const lowest = 20_000;
const highest = 32_000;

export type Ports = {
  /** A port that nothing listens on, and that neither this run nor another keeps. */
  take(): Promise<number>;
  give(port: number): void;
};

/** `random` (0-1) chooses where the search begins, so that two runs seldom meet. */
export const makePorts = (random: () => number): Ports => {
  const kept = new Map<number, DatagramSocket>();
  let next = lowest + Math.floor(random() * (highest - lowest));

  return {
    take: async () => {
      for (let tried = lowest; tried < highest; tried += 1) {
        next = next + 1 < highest ? next + 1 : lowest;
        const port = next;
        const mark = await markPort(port);
        if (mark === undefined) continue;
        if (await isFree(port)) {
          kept.set(port, mark);
          return port;
        }
        mark.close();
      }
      throw new Error(`no free port between ${lowest} and ${highest}`);
    },
    give: (port) => {
      kept.get(port)?.close();
      kept.delete(port);
    },
  };
};

/**
 * Marks a port as taken, for all runs on this machine: a process that is given a port opens it only
 * when it has started, and until then a second run would find it free. The mark is a UDP socket of
 * the same number, which no TCP server meets, and which the system takes back however we end.
 * Undefined if the port is marked already.
 */
const markPort = (port: number): Promise<DatagramSocket | undefined> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4").unref();
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      if (code !== "EADDRINUSE") return resolve(socket); // no UDP here: we do without marks
      socket.close();
      resolve(undefined);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(socket));
  });

/** Whether a server could listen on `port` of all interfaces now. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });

const probeEveryMs = 50;
const connectLimitMs = 1_000;

/** Resolves with true once `port` accepts connections, with false when `signal` ends first. */
export const accepts = async (
  port: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> => {
  while (!signal.aborted) {
    if (await connects(port)) return true;
    await pause(clock, probeEveryMs, signal);
  }
  return false;
};

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: connectLimitMs });
    const finish = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.on("connect", () => finish(true));
    socket.on("timeout", () => finish(false));
    socket.on("error", () => finish(false));
  });
