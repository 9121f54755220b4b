import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { project } from "../local/harness.ts";

let server: Server;
let asked: string[];
let status: number;

beforeEach(async () => {
  asked = [];
  status = 200;
  // No connection ends in the way of a client that is slow.
  server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    asked.push(request.url ?? "");
    request.resume().on("end", () => response.writeHead(status).end('{"data":{}}'));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const load = async (env: Readonly<Record<string, string>>) => {
  const { port } = server.address() as AddressInfo; // as: it listens on TCP
  const usual = { CLIENTS: "2", DURATION_SECS: "0.3", MIN_WAIT: "1", MAX_WAIT: "2", SIZE: "2" };
  const child = spawn(
    process.execPath,
    [join(project, "charts/espalier-loadtest/files/load.mjs")],
    {
      env: { HOST: `http://127.0.0.1:${port}`, PREFIX: "/seldon/a/b", ...usual, ...env },
    },
  );
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { code, told: JSON.parse(out) };
};

describe("charts/espalier-loadtest", () => {
  it("counts answers, and sends feedback where it is asked to", async () => {
    const { code, told } = await load({ FEEDBACK: "1" });
    expect(code).toBe(0);
    expect(told).toMatchObject({ failed: 0, failures: [] });
    const predictions = asked.filter((url) => url === "/seldon/a/b/api/v1.0/predictions");
    expect(told.answered).toBe(predictions.length);
    expect(asked.filter((url) => url.endsWith("/feedback"))).toHaveLength(predictions.length);
  });

  it("ends with 1 when requests fail, and says why", async () => {
    status = 503;
    const { code, told } = await load({ FEEDBACK: "0" });
    expect(code).toBe(1);
    expect(told).toMatchObject({ answered: 0, failures: [['503 {"data":{}}', asked.length]] });
  });
});
