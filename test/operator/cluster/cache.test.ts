import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Cache, isNewer, makeCache } from "../../../operator/cluster/cache.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";

const object = (name: string, version: string, uid = name, owner = "o1"): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    ...{ name, namespace: "ns1", uid, resourceVersion: version },
    ownerReferences: [
      {
        apiVersion: "machinelearning.seldon.io/v1",
        kind: "SeldonDeployment",
        ...{ name: owner, uid: owner, controller: true },
      },
    ],
  },
});

describe("isNewer", () => {
  it.each([
    { a: "2", b: "1", newer: true },
    { a: "10", b: "9", newer: true },
    { a: "9", b: "10", newer: false },
    { a: "5", b: "5", newer: false },
    { a: "1", b: "", newer: true },
    { a: "18446744073709551616", b: "18446744073709551615", newer: true },
  ])("holds of $a and $b: $newer", ({ a, b, newer }) => {
    expect(isNewer(a, b)).toBe(newer);
  });
});

describe("makeCache", () => {
  let changes: string[];
  let cache: Cache;
  const versions = () => cache.all().map(({ metadata }) => metadata.resourceVersion);
  beforeEach(() => {
    changes = [];
    cache = makeCache({
      wanted: ({ metadata }) => (metadata.ownerReferences ?? []).length > 0,
      changed: ({ metadata }) => {
        changes.push(`${metadata.ownerReferences?.[0]?.name ?? ""}/${metadata.name}`);
      },
    });
  });

  it("takes what the watch tells, and never anything older", () => {
    cache.put(object("a", "9"));
    cache.put(object("a", "10"));
    cache.put(object("a", "9"));
    expect(versions()).toEqual(["10"]);
  });

  it("shows our own writes, and says nothing when the watch tells of them", () => {
    cache.note(object("a", "5"));
    expect(versions()).toEqual(["5"]);
    cache.put(object("a", "5"));
    expect(changes).toEqual([]);
    cache.put(object("a", "6"));
    expect(changes).toContain("o1/a");
  });

  it("does not revive with a late answer what has been deleted meanwhile", () => {
    cache.put(object("a", "3"));
    cache.drop(object("a", "7"));
    cache.note(object("a", "5"));
    expect(versions()).toEqual([]);
  });

  it("keeps an object made anew when the end of the old one is told", () => {
    cache.put(object("a", "3", "first"));
    cache.note(object("a", "8", "second"));
    cache.drop(object("a", "7", "first"));
    expect(versions()).toEqual(["8"]);
  });

  it("lists: drops what is gone, keeps what was written since", () => {
    cache.put(object("gone", "2"));
    cache.note(object("new", "9"));
    cache.replace([object("there", "3")], "5");
    expect(cache.all().map(({ metadata }) => metadata.name)).toEqual(["new", "there"]);
    expect(changes).toEqual(["o1/gone", "o1/gone", "o1/there"]);
  });

  it("hides at once what we have deleted, until the watch says so", () => {
    cache.put(object("a", "3", "first"));
    cache.bury(object("a", "3", "other"));
    expect(versions()).toEqual(["3"]);
    cache.bury(object("a", "3", "first"));
    cache.put(object("a", "4", "first"));
    expect(versions()).toEqual([]);
    cache.drop(object("a", "5", "first"));
    cache.put(object("a", "6", "second"));
    expect(versions()).toEqual(["6"]);
  });

  it("finds by controller, also when that changes", () => {
    cache.put(object("a", "1", "a", "o1"));
    cache.put(object("b", "2", "b", "o1"));
    expect(cache.controlledBy("o1").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    changes.length = 0;
    cache.put(object("a", "3", "a", "o2"));
    expect(changes).toEqual(["o1/a", "o2/a"]);
    expect(cache.controlledBy("o1").map(({ metadata }) => metadata.name)).toEqual(["b"]);
    expect(cache.controlledBy("none")).toEqual([]);
  });

  it("lets go of what is not wanted any more", () => {
    cache.put(object("a", "1"));
    const { ownerReferences: _, ...metadata } = object("a", "2").metadata;
    cache.put({ ...object("a", "2"), metadata });
    cache.put({ ...object("b", "3"), metadata: { ...metadata, name: "b" } });
    expect(cache.all()).toEqual([]);
    expect(changes).toEqual(["o1/a", "o1/a"]);
  });

  it("forgets everything when the kind is gone", () => {
    cache.put(object("a", "1"));
    cache.clear();
    expect(cache.all()).toEqual([]);
    expect(cache.get("ns1", "a")).toBeUndefined();
  });

  it("keeps of the managed fields the marks alone", () => {
    const ours = { "f:spec": { "f:replicas": {}, "f:template": { "f:spec": {} } } };
    const managedFields = [
      { manager: "other", operation: "Update", fieldsV1: ours },
      { manager: "espalier", operation: "Apply", fieldsV1: ours },
    ];
    const whole = object("a", "1");
    cache.put({ ...whole, metadata: { ...whole.metadata, managedFields } });
    expect(cache.get("ns1", "a")?.metadata.managedFields).toEqual([
      { manager: "espalier", operation: "Apply", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    ]);
  });
});
