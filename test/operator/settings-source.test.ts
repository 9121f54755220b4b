import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../api/settings.ts";
import { makeLog } from "../../host/log.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { makeSettingsSource } from "../../operator/settings-source.ts";

const configMap = (data: object): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "seldon-config", namespace: "seldon-system" },
  data,
});
const images = (image: string) => configMap({ explainer: JSON.stringify({ image }) });
const broken = configMap({ explainer: "{" });

const makeSource = () =>
  makeSettingsSource({
    base: defaultSettings,
    finish: (settings) => ({ ...settings, engineImage: "finished" }),
    place: "seldon-system/seldon-config",
    log: makeLog("FATAL", { write: () => {} }),
  });

describe("makeSettingsSource", () => {
  it("has the environment's settings before it is told anything", () => {
    const { settings, fault, isSound } = makeSource().now();
    expect(settings).toEqual({ ...defaultSettings, engineImage: "finished" });
    expect([fault, isSound]).toEqual([undefined, true]);
  });

  it("uses what is built in when there is no ConfigMap", () => {
    const source = makeSource();
    expect(source.take(undefined)).toBe(false);
    expect(source.now().isSound).toBe(true);
  });

  it("takes a ConfigMap, and says whether it changed anything", () => {
    const source = makeSource();
    expect(source.take(images("one"))).toBe(true);
    expect(source.take(images("one"))).toBe(false);
    expect(source.take(images("two"))).toBe(true);
    expect(source.now().settings.explainer.image).toBe("two");
  });

  it.each([
    { name: "malformed", next: broken },
    { name: "gone", next: undefined },
  ])("keeps what it has when the ConfigMap is $name", ({ next }) => {
    const source = makeSource();
    source.take(images("one"));
    expect(source.take(next)).toBe(true);
    expect(source.take(next)).toBe(false);
    const { settings, fault, isSound } = source.now();
    expect(settings.explainer.image).toBe("one");
    expect(fault).toMatch(/^ConfigMap seldon-system\/seldon-config/);
    expect(isSound).toBe(true);
    expect(source.take(images("one"))).toBe(true);
    expect(source.now().fault).toBeUndefined();
  });

  it("is not sound when the first ConfigMap is malformed", () => {
    const source = makeSource();
    expect(source.take(broken)).toBe(true);
    expect(source.now().isSound).toBe(false);
    source.take(images("one"));
    expect(source.now().isSound).toBe(true);
  });
});
