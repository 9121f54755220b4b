/** A proxy that leads every connection to one server of this machine, whatever host it is for. */
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Later } from "../../contract/cleanup.ts";

export type Tunnel = { readonly url: string; readonly hosts: readonly string[] };

export const startTunnel = async (port: number, later: Later): Promise<Tunnel> => {
  const hosts: string[] = [];
  const server = createServer();
  server.on("connect", ({ url = "" }, socket) => {
    hosts.push(url);
    const onward = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const [one, other] of [
      [onward, socket],
      [socket, onward],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port: own } = server.address() as AddressInfo; // it listens on a port
  return { url: `http://127.0.0.1:${own}`, hosts };
};
