import { describe, expect, it } from "@jest/globals";
import type { ClusterEvent } from "../../../operator/cluster/cluster.ts";
import { makeTeller } from "../../../operator/cluster/teller.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { makeManualClock } from "./manual-clock.ts";
import { seldonDeployment } from "./objects.ts";
import { makeScriptedWire, type Reply } from "./scripted-wire.ts";

const about = (name = "mymodel"): KubernetesObject => {
  const object = seldonDeployment("ns1", name);
  return { ...object, metadata: { ...object.metadata, uid: `uid-${name}`, resourceVersion: "9" } };
};
const event = (message = "made it", object = about()): ClusterEvent => ({
  ...{ about: object, type: "Normal", reason: "CreateService", message },
});

const begin = (reply: (method: string) => Reply = () => ({ status: 201, body: {} })) => {
  const clock = makeManualClock();
  const lost: unknown[] = [];
  const { wire, asks } = makeScriptedWire(({ method }) => reply(method));
  const teller = makeTeller({
    ...{ wire, clock, instance: "pod-1" },
    lost: (_, error) => lost.push(error),
  });
  const tell = async (...events: readonly ClusterEvent[]): Promise<void> => {
    for (const one of events) teller.tell(one);
    await teller.idle();
  };
  return { clock, lost, asks, tell, methods: () => asks.map(({ method }) => method) };
};

describe("makeTeller", () => {
  it("makes an Event that v1's readers find", async () => {
    const { asks, tell } = begin();
    await tell(event());
    expect(asks[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/ns1/events",
      body: {
        metadata: { name: expect.stringMatching(/^mymodel\.[0-9a-f]{16}$/), namespace: "ns1" },
        involvedObject: {
          apiVersion: "machinelearning.seldon.io/v1",
          kind: "SeldonDeployment",
          namespace: "ns1",
          name: "mymodel",
          uid: "uid-mymodel",
          resourceVersion: "9",
        },
        type: "Normal",
        reason: "CreateService",
        message: "made it",
        count: 1,
        firstTimestamp: "1970-01-01T00:16:40Z",
        lastTimestamp: "1970-01-01T00:16:40Z",
        source: { component: "seldon-controller-manager" },
        reportingComponent: "espalier-operator",
        reportingInstance: "pod-1",
      },
    });
  });

  it("counts equal ones, and tells different ones apart", async () => {
    const { asks, tell, clock } = begin();
    await tell(event());
    await clock.pass(60_000);
    await tell(event(), event("else"), event("made it", about("other")));
    expect(asks.map(({ method, body }) => [method, body])).toEqual([
      ["POST", expect.anything()],
      ["PATCH", { count: 2, lastTimestamp: "1970-01-01T00:17:40Z" }],
      ["POST", expect.anything()],
      ["POST", expect.anything()],
    ]);
    expect(asks[1]?.contentType).toBe("application/merge-patch+json");
  });

  it("makes it anew when the server has forgotten it", async () => {
    const { methods, tell, lost } = begin((method) => ({
      status: method === "PATCH" ? 404 : 201,
      body: { kind: "Status" },
    }));
    await tell(event(), event());
    expect(methods()).toEqual(["POST", "PATCH", "POST"]);
    expect(lost).toEqual([]);
  });

  it("loses what is refused, and goes on", async () => {
    const { lost, tell } = begin(() => ({ status: 403, body: { message: "no" } }));
    await tell(event(), event());
    expect(lost).toEqual([
      expect.objectContaining({ code: "FORBIDDEN" }),
      expect.objectContaining({ code: "FORBIDDEN" }),
    ]);
  });

  it("is quiet of an object that has had too many, for a while, and not of others", async () => {
    const { asks, tell, clock } = begin();
    for (let turn = 0; turn < 30; turn++) await tell(event(`${turn}`));
    expect(asks).toHaveLength(25);
    await tell(event("other", about("other")));
    expect(asks).toHaveLength(26);
    await clock.pass(300_000);
    await tell(event("later"), event("and later"));
    expect(asks).toHaveLength(27);
  });

  it("cuts what is longer than an Event may say", async () => {
    const { asks, tell } = begin();
    await tell(event("x".repeat(5_000)));
    expect(asks[0]?.body).toMatchObject({ message: `${"x".repeat(1_021)}...` });
  });

  it("bounds what waits", async () => {
    const { lost, tell } = begin();
    const many = Array.from({ length: 1_001 }, (_, at) => event("x", about(`m${at}`)));
    await tell(...many);
    expect(lost).toHaveLength(1);
  });
});
