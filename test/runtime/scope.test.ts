import { describe, expect, it } from "@jest/globals";
import { EngineError } from "../../runtime/errors.ts";
import { cancel, childScope, makeScope, offCancel, onCancel } from "../../runtime/scope.ts";
import { listenersOf } from "./listeners.ts";

const reason = new EngineError("GRAPH_DEADLINE", "late");
const other = new EngineError("CLIENT_GONE", "left");

describe("cancel", () => {
  it("tells every listener the reason, once", () => {
    const scope = makeScope();
    const heard: unknown[] = [];
    onCancel(scope, (one) => heard.push(1, one));
    onCancel(scope, (one) => heard.push(2, one));
    cancel(scope, reason);
    cancel(scope, other);
    expect(heard).toEqual([1, reason, 2, reason]);
    expect(scope.reason).toBe(reason);
    expect(listenersOf(scope)).toBe(0);
  });

  it("passes over a listener that another one took back", () => {
    const scope = makeScope();
    const heard: string[] = [];
    const second = (): void => {
      heard.push("second");
    };
    onCancel(scope, () => offCancel(scope, second));
    onCancel(scope, second);
    cancel(scope, reason);
    expect(heard).toEqual([]);
  });
});

describe("offCancel", () => {
  it.each([0, 1, 2])("takes back the listener %i of three, and no other", (which) => {
    const scope = makeScope();
    const heard: number[] = [];
    const listeners = [0, 1, 2].map((i) => () => {
      heard.push(i);
    });
    for (const one of listeners) onCancel(scope, one);
    const taken = listeners[which];
    if (taken !== undefined) offCancel(scope, taken);
    if (taken !== undefined) offCancel(scope, taken);
    expect(listenersOf(scope)).toBe(2);
    cancel(scope, reason);
    expect(heard).toEqual([0, 1, 2].filter((i) => i !== which));
  });

  it("leaves room for another", () => {
    const scope = makeScope();
    const heard: string[] = [];
    const gone = (): void => {
      heard.push("gone");
    };
    onCancel(scope, gone);
    onCancel(scope, () => heard.push("second"));
    offCancel(scope, gone);
    onCancel(scope, () => heard.push("third"));
    cancel(scope, reason);
    expect(heard.sort()).toEqual(["second", "third"]);
  });
});

describe("onCancel", () => {
  it("calls at once when the scope has ended", () => {
    const scope = makeScope();
    cancel(scope, reason);
    let heard: unknown;
    onCancel(scope, (one) => {
      heard = one;
    });
    expect(heard).toBe(reason);
    expect(listenersOf(scope)).toBe(0);
  });
});

describe("childScope", () => {
  it("ends with its parent", () => {
    const parent = makeScope();
    const { scope } = childScope(parent);
    cancel(parent, reason);
    expect(scope.reason).toBe(reason);
  });

  it("has ended if its parent has", () => {
    const parent = makeScope();
    cancel(parent, reason);
    expect(childScope(parent).scope.reason).toBe(reason);
  });

  it("ends alone, and keeps its own reason", () => {
    const parent = makeScope();
    const { scope } = childScope(parent);
    cancel(scope, other);
    expect(parent.reason).toBeUndefined();
    cancel(parent, reason);
    expect(scope.reason).toBe(other);
  });

  it("leaves nothing with its parent once released", () => {
    const parent = makeScope();
    const { scope, release } = childScope(parent);
    release();
    cancel(parent, reason);
    expect(scope.reason).toBeUndefined();
    expect(listenersOf(parent)).toBe(0);
  });
});
