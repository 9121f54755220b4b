/** Connections to nodes that were idle: hosts close them, and a request must not cross with that. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, openEngine } from "../../contract/engine.ts";
import { post } from "../../contract/rest.ts";

const later = closeAfterEach();
afterEach(() => {
  jest.restoreAllMocks();
});

describe("makeHttpClient", () => {
  it.each([
    { idleMs: 500, connections: 1 },
    { idleMs: 1900, connections: 2 }, // gunicorn closes after 2 s
    { idleMs: 4900, connections: 2 }, // Node.js and uvicorn after 5 s
  ])(
    "uses $connections connections for calls $idleMs ms apart",
    async ({ idleMs, connections }) => {
      let opened = 0;
      const server = createServer((request, response) => {
        request.resume();
        request.on("end", () => response.end("{}"));
      });
      server.on("connection", () => {
        opened += 1;
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      later(() => {
        server.close();
        server.closeAllConnections();
      });
      const { port } = server.address() as AddressInfo; // a TCP server's address
      const graph = { name: "m", type: "MODEL", endpoint: at({ httpPort: port }) };
      const engine = await openEngine(later, graph);
      const ask = async () => (await post(engine.httpPort, "/api/v1.0/predictions", "{}")).status;
      const clock = jest.spyOn(performance, "now");
      const now = performance.now();
      clock.mockReturnValue(now);
      expect(await ask()).toBe(200);
      clock.mockReturnValue(now + idleMs);
      expect(await ask()).toBe(200);
      expect(opened).toBe(connections);
    },
  );
});
