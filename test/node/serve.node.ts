import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { version } from "../../api/version.ts";
import { isTrue } from "../cluster/support/conditions.ts";
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

describe("a deployment of the README", () => {
  it("is ready", async () => {
    const namespace = await node.namespace();
    const { code, stderr } = await node.kubectl([
      ...["apply", "--namespace", namespace],
      ...["-f", `${example}deployment.yaml`],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const target = {
      ...{ apiVersion: "machinelearning.seldon.io/v1", kind: "SeldonDeployment" },
      ...{ namespace, name: "minimal" },
    };
    await node.api.until(target, (one) => isTrue(one, "Ready"), 180_000);
    const { stdout } = await node.kubectl(["get", "all", "-A", "-o", "wide"]);
    process.stdout.write(stdout);
    const service = await node.api.get({
      ...{ apiVersion: "v1", kind: "Service", namespace, name: "minimal-default" },
    });
    const { clusterIP } = service["spec"] as { clusterIP: string };
    const answer = await fetch(`http://${clusterIP}:8000/api/v1.0/predictions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: readFileSync(`${example}request.json`),
    });
    expect(await answer.json()).toEqual({});
  });
});
