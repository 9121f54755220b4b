/** Requests over REST whose client does not wait for the answer are counted, too. */
import { request } from "node:http";
import { expect, it } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, openEngine } from "../../contract/engine.ts";
import { get, openRestHost } from "../../contract/rest.ts";

const later = closeAfterEach();

it("counts a request whose client has left with the code of that", async () => {
  let reached = (): void => {};
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const host = await openRestHost(later, {
    "/predict": () => {
      reached();
      return new Promise(() => {});
    },
  });
  const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) });

  const path = "/api/v1.0/predictions";
  const client = request({ host: "127.0.0.1", port: engine.httpPort, method: "POST", path });
  client.on("error", () => {}); // of the end that is made below
  client.end("{}");
  await asked;
  client.destroy();
  await host.seen[0]?.left;

  const { body } = await get(engine.httpPort, "/metrics");
  expect(body.toString()).toMatch(
    /server_requests_seconds_count\{.*service="predictions",method="post",code="499"\} 1/,
  );
});
