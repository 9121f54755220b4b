import { describe, expect, it } from "@jest/globals";
import { makeMemory } from "../../operator/cluster/memory.ts";
import { readFacts } from "../../operator/facts.ts";

const place = { apiVersion: "v1", metadata: { namespace: "ns1" } };

describe("readFacts", () => {
  it("answers the secrets that are there, of the accounts that are there", async () => {
    const cluster = makeMemory();
    cluster.put({
      ...{ ...place, kind: "ServiceAccount", metadata: { name: "reader", namespace: "ns1" } },
      secrets: [{ name: "key" }, { name: "gone" }, { name: "empty" }],
    });
    cluster.put({
      ...{ ...place, kind: "Secret", data: { b: "c2VjcmV0", a: "" } },
      metadata: { name: "key", namespace: "ns1", annotations: { note: "a" } },
    });
    cluster.put({ ...place, kind: "Secret", metadata: { name: "empty", namespace: "ns1" } });
    const facts = await readFacts(cluster, { namespace: "ns1", accounts: ["reader", "nobody"] });
    expect(facts).toEqual({
      accounts: {
        reader: [
          { name: "key", keys: ["b", "a"], annotations: { note: "a" } },
          { name: "empty", keys: [], annotations: {} },
        ],
      },
    });
    expect(JSON.stringify(facts)).not.toContain("c2VjcmV0");
  });

  it("asks nothing for nobody", async () => {
    const cluster = makeMemory();
    expect(await readFacts(cluster, { namespace: "ns1", accounts: [] })).toEqual({ accounts: {} });
    expect(cluster.requests).toEqual([]);
  });
});
