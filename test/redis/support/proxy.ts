/** What stands between a store and its server, and can lose what the server says. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Later } from "../../contract/cleanup.ts";

export type Proxy = {
  readonly url: string;
  /** The next time that the server adds something, its answer is lost with the connection. */
  loseNextAnswer(): void;
  /** How many have been lost. */
  lost(): number;
};

export const startProxy = async (later: Later, port: number): Promise<Proxy> => {
  let isArmed = false;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let isAsked = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      isAsked ||= isArmed && /\r\neval/i.test(chunk.toString("latin1"));
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (isAsked && isArmed && chunk.toString("latin1").includes("common")) {
        isArmed = false;
        lost += 1;
        client.destroy();
      } else client.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    loseNextAnswer: () => {
      isArmed = true;
    },
    lost: () => lost,
  };
};
