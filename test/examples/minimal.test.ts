import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { root, startServe } from "../support/serve-process.ts";

it("examples/minimal answers its request", async () => {
  const folder = join(root, "examples/minimal");
  const model = await startServe(["model.ts"], { folder });
  const answer = await fetch(`${model.url}/predict`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: readFileSync(join(folder, "request.json")),
  });
  const body = await answer.json();
  expect(await model.stop()).toBe(0);
  expect(body).toEqual({
    data: { names: ["fahrenheit"], ndarray: [[-40], [32], [68], [212]] },
    meta: {},
  });
}, 60_000);
