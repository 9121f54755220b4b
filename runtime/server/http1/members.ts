/** All connections of a listener, however they are read: how many there may be, and their end. */
import type { Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { refuse } from "../refuse.ts";
import { type Edge, failureOf, tooBusy } from "./edge.ts";

export type Member = {
  /** A request has come, in whole or in part, that is not answered. */
  isBusy(): boolean;
  /** It has asked for something before, and not a byte came since the answer. */
  isIdle(): boolean;
};

export type Members = {
  /** False for one too many: whatever it asks for, its answer is on the way. */
  admit(socket: Socket): boolean;
  /** Who reads the connection from now on. */
  put(socket: Socket, member: Member): void;
  /** Resolves when there is no connection, at the latest after `withinMs`. */
  left(withinMs: number): Promise<void>;
  /** Stops accepting, closes connections that ask for nothing, the others once they are answered. */
  drain(): Promise<void>;
  /** Closes all at once. */
  close(): void;
};

/** More connections than this beyond the limit are dropped without a word. */
const mostRefused = 1000;
/** How long a draining server waits for the head of a request that may be on its way. */
const headWaitMs = 2000;

export const makeMembers = (server: Server, edge: Edge): Members => {
  const { maxConnections } = edge.options.limits;
  const all = new Map<Socket, Member>();
  let onLeft = (): void => {};
  server.maxConnections = maxConnections + mostRefused;
  const closeIf = (isDue: (member: Member) => boolean): void => {
    for (const [socket, member] of all) {
      if (member.isBusy() || !isDue(member)) continue;
      if (socket.writableLength > 0) socket.destroySoon();
      else socket.destroy();
    }
  };
  return {
    admit: (socket) => {
      if (all.size < maxConnections) return true;
      const error = tooBusy("connections (--max_connections)", maxConnections);
      refuse(socket, failureOf(edge, error));
      return false;
    },
    put: (socket, member) => {
      if (!all.has(socket)) {
        socket.on("close", () => {
          all.delete(socket);
          if (all.size === 0) onLeft();
        });
      }
      all.set(socket, member);
    },
    left: (withinMs) => {
      if (all.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        onLeft = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    drain: () => {
      // After what has come by now is read: closing on unread bytes would reset the connection, and
      // leave its client in doubt whether the request was seen.
      setImmediate(() => closeIf((member) => member.isIdle()));
      const timer = setTimeout(() => closeIf(() => true), headWaitMs);
      return new Promise((resolve) => {
        // The close() of node:http would cut off answers that are written but not yet sent.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(timer);
          server.close();
          resolve();
        });
      });
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      for (const socket of all.keys()) socket.destroy();
    },
  };
};
