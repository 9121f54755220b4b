/** Tells gRPC from REST on one port: HTTP/2 connections begin with words of their own. */
import type { Socket } from "node:net";

/** Source: RFC 9113, 3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export type Ways = {
  readonly http1: () => void;
  readonly http2: () => void;
};

export type Sorter = {
  /** Sends a connection one way or the other once its first bytes have come. */
  sort(socket: Socket, ways: Ways): void;
  /** Closes the connections that have not said a word. */
  close(): void;
};

/** A connection that stays silent for `silenceMs` is closed. */
export const makeSorter = (silenceMs: number): Sorter => {
  const silent = new Set<Socket>();
  return {
    sort: (socket, ways) => {
      silent.add(socket);
      const giveUp = (): void => void socket.destroy();
      const timer = setTimeout(giveUp, silenceMs);
      timer.unref();
      let seen: Buffer = Buffer.alloc(0);
      const look = (): void => {
        const chunk: Buffer | null = socket.read();
        if (chunk === null) return;
        seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
        if (isStartOfPreface(seen) && seen.length < preface.length) return;
        leave();
        socket.unshift(seen);
        if (isStartOfPreface(seen)) ways.http2();
        else ways.http1();
      };
      const leave = (): void => {
        clearTimeout(timer);
        silent.delete(socket);
        for (const event of ["end", "error", "close"]) socket.off(event, onEnd);
        socket.off("readable", look);
      };
      const onEnd = (): void => {
        leave();
        giveUp();
      };
      socket.on("readable", look);
      for (const event of ["end", "error", "close"]) socket.on(event, onEnd);
    },
    close: () => {
      for (const socket of silent) socket.destroy();
    },
  };
};

/** Whether all that has come so far could be the preface, or begins with it. */
const isStartOfPreface = (seen: Buffer): boolean => {
  const length = Math.min(seen.length, preface.length);
  return seen.subarray(0, length).equals(preface.subarray(0, length));
};
