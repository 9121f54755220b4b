import { describe, expect, it } from "@jest/globals";
import { seldonRpc } from "../runtime/component/grpc-client.ts";
import { protoList } from "../runtime/protocol/messages.ts";
import { callGrpc, read, useUp } from "./up-process.ts";

const predict = seldonRpc("Seldon/Predict");

describe("the examples over gRPC", () => {
  const names = ["bandit", "moderation", "outlier"];
  const urlOf = useUp(names.map((name) => `examples/${name}/deployment.yaml`));

  it("outlier tags rows in another unit", async () => {
    const { names, ndarray } = read("outlier/request.json").data;
    const tensor = { shape: [2, names.length], values: ndarray.flat() };
    const { status, body } = await callGrpc(urlOf("outlier"), predict, {
      data: { names, tensor },
    });
    expect(status).toBe(0);
    expect(body.data.tensor.shape).toEqual([2, 2]);
    expect(body.meta.tags["is_outlier"]).toEqual({ boolValue: true });
    expect(body.meta.tags["outlier-predictions"]).toEqual({
      listValue: { values: [{ numberValue: 0 }, { numberValue: 1 }] },
    });
  });

  it("moderation tells spam from what is fine", async () => {
    const posts: readonly string[] = read("moderation/request.json").data.ndarray;
    const { status, body } = await callGrpc(urlOf("moderation"), predict, {
      data: { ndarray: protoList(posts) },
    });
    expect(status).toBe(0);
    const rows: { listValue: { values: { numberValue: number }[] } }[] = body.data.ndarray.values;
    const spam = rows.map((row) => row.listValue.values[1]?.numberValue ?? Number.NaN);
    expect(spam[0]).toBeLessThan(0.1);
    expect(spam[1]).toBeGreaterThan(0.9);
  });

  it("bandit learns from feedback", async () => {
    const url = urlOf("bandit");
    const [row] = read("bandit/request.json").data.ndarray;
    const request = { data: { tensor: { shape: [1, row.length], values: row } } };
    const { body } = await callGrpc(url, predict, request);
    const route: number = body.meta.routing.chooser;
    const feedback = seldonRpc("Seldon/SendFeedback", "Feedback");
    const told = { request, response: { meta: body.meta }, reward: 1 };
    expect((await callGrpc(url, feedback, told)).status).toBe(0);
    const routers = await fetch(`${url}/api/v1.0/routers`);
    const { chooser } = (await routers.json()) as { chooser: { branches: { trials: number }[] } }; // asserted below
    expect(chooser.branches[route]).toMatchObject({ trials: 1, reward: 1, mean_reward: 1 });
  });
});
