import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { version } from "../../api/version.ts";
import { isSettled, sdep } from "../cluster/support/operator-manifests.ts";
import { openSite } from "./loss/site.ts";
import type { Node } from "./support/node.ts";
import { installOperator } from "./support/operator.ts";
import { sharedNode } from "./support/shared.ts";

let node: Node;
beforeAll(async () => {
  node = sharedNode();
  await installOperator(node, version);
});
afterAll(() => node?.close());

const example = fileURLToPath(new URL("../../examples/minimal/", import.meta.url));
const readyLimitMs = 180_000;

describe("the README's deployment", () => {
  it("answers through its Service and through an ingress, over REST and gRPC", async () => {
    const namespace = await node.namespace();
    const { code, stderr } = await node.kubectl([
      ...["apply", "--namespace", namespace],
      ...["--filename", `${example}deployment.yaml`],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await node.api.until(sdep(namespace, "minimal"), isSettled, readyLimitMs);
    const site = openSite(node, namespace, "minimal");
    // over both transports, and asked again until the Service leads there
    await site.flowsTo(node.site.ingress);
    const [rest] = await site.flowsTo("default");
    const answer = await fetch(`http://${rest?.host}:8000/api/v1.0/predictions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: readFileSync(`${example}request.json`),
    });
    expect(await answer.json()).toMatchObject({
      data: { names: ["fahrenheit"], ndarray: [[-40], [32], [68], [212]] },
    });
  });
});
