/**
 * The settings in force: those of the environment, with what `seldon-config` says in their place.
 * What cannot be read changes nothing: what it said before still holds.
 *
 * Source: operator contract, 9.3; deviation O4.
 */
import { readSeldonConfig } from "../api/seldon-config.ts";
import type { Settings } from "../api/settings.ts";
import type { Logger } from "../host/log.ts";
import type { KubernetesObject } from "./render/object.ts";

/** Source: operator contract, 9.3. */
export const configMapName = "seldon-config";

export type SettingsNow = {
  readonly settings: Settings;
  /** What is wrong with `seldon-config`; undefined: nothing. */
  readonly fault: string | undefined;
  /**
   * Whether `settings` come from a `seldon-config` that could be read, or from there being none.
   * Else nothing that depends on it may be touched: it would get other images.
   */
  readonly isSound: boolean;
};

export type SettingsSource = {
  now(): SettingsNow;
  /** Takes a new ConfigMap; undefined: there is none. Answers whether anything has changed. */
  take(configMap: KubernetesObject | undefined): boolean;
};

export type SettingsSourceOptions = {
  /** Of the environment. */
  readonly base: Settings;
  /** What wins over a ConfigMap. */
  readonly finish: (settings: Settings) => Settings;
  /** `namespace/name` of the ConfigMap. */
  readonly place: string;
  readonly log: Logger;
};

export const makeSettingsSource = (options: SettingsSourceOptions): SettingsSource => {
  const { base, finish, place, log } = options;
  let now: SettingsNow = { settings: finish(base), fault: undefined, isSound: true };
  /** A ConfigMap has been read. */
  let isRead = false;

  const keep = (fault: string): boolean => {
    if (now.fault === fault) return false;
    log.error({ configMap: place, fault }, "seldon-config cannot be used");
    now = { ...now, fault, isSound: isRead };
    return true;
  };

  return {
    now: () => now,
    take: (configMap) => {
      if (configMap === undefined) {
        if (isRead) return keep(`ConfigMap ${place} is gone: what it said still holds; restore it`);
        log.info({ configMap: place }, "no seldon-config: built-in images are used");
        return false;
      }
      const read = readSeldonConfig(configMap, base);
      for (const { path, message } of read.warnings) {
        log.warn({ configMap: place, path, message }, "seldon-config");
      }
      if (!read.ok) {
        const issues = read.issues.map(({ path, message }) => `${path} ${message}`).sort();
        return keep(`ConfigMap ${place}: ${issues.join("; ")}`);
      }
      const settings = finish(read.value);
      const isChange = JSON.stringify(settings) !== JSON.stringify(now.settings);
      if (isChange || now.fault !== undefined) {
        log.info({ configMap: place }, "seldon-config is in force");
      }
      const hadFault = now.fault !== undefined;
      now = { settings, fault: undefined, isSound: true };
      isRead = true;
      return isChange || hadFault;
    },
  };
};
