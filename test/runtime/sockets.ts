/** Raw TCP on both sides of the wire: what node:http would hide is what is tested. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { closeAfterAll } from "../contract/cleanup.ts";

const later = closeAfterAll();

/** One end of a connection that remembers what it was sent. */
export type Talk = {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  received(): string;
  write(text: string | Buffer): void;
  /** Resolves with all that was received once it matches. Rejects if the connection ends before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with all that was received once the other side has closed, in order or by a reset. */
  closed(): Promise<string>;
  /** Resolves with the next chunk, if `chunk` is not what was received already. */
  close(): void;
};

export const talk = (socket: Socket): Talk => {
  let text = "";
  let over = false;
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const one of [...waiting]) one();
  };
  socket.on("error", () => {}); // a reset shows as the end
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    tell();
  });
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      over = true;
      tell();
    });
  }
  const when = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return {
    socket,
    received: () => text,
    write: (part) => {
      socket.write(part);
    },
    until: async (pattern) => {
      await when(() => over || pattern.test(text));
      if (!pattern.test(text)) throw new Error(`closed after ${JSON.stringify(text)}`);
      return text;
    },
    closed: async () => {
      await when(() => over);
      return text;
    },
    close: () => socket.destroy(),
  };
};

/** Opens a connection to a port of this machine. */
export const dial = async (port: number): Promise<Talk> => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return talk(socket);
};

/** A server of raw connections: each is told to `accept`, in order. */
export type RawHost = {
  readonly port: number;
  /** Connections so far. */
  readonly talks: readonly Talk[];
  /** Resolves with the connection of this number, past or to come. */
  connection(index: number): Promise<Talk>;
  close(): Promise<void>;
};

export const rawHost = async (
  accept: (talk: Talk, index: number) => void = () => {},
): Promise<RawHost> => {
  const talks: Talk[] = [];
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true });
  server.on("connection", (socket) => {
    const one = talk(socket);
    talks.push(one);
    accept(one, talks.length - 1);
    server.emit("talk");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    talks,
    connection: async (index) => {
      for (;;) {
        const found = talks[index];
        if (found !== undefined) return found;
        await once(server, "talk");
      }
    },
    close: async () => {
      for (const one of talks) one.close();
      server.close();
      await once(server, "close");
    },
  };
};

/** A port on which nobody listens, and nobody will: a connection of ours goes out from it. */
export const deafPort = async (): Promise<number> => {
  const host = await rawHost();
  const { socket } = await dial(host.port);
  later(async () => {
    socket.destroy();
    await host.close();
  });
  return (socket.address() as AddressInfo).port; // of a connection over TCP
};

/** A port on which nobody listens at the moment. */
export const freePort = async (): Promise<number> => {
  const host = await rawHost();
  await host.close();
  return host.port;
};

/** Lets everything that is due on the event loop happen, I/O included. */
export const turns = async (count = 3): Promise<void> => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
