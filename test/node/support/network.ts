/** The network of the node: a bridge, and no way out. */
import { readdirSync, writeFileSync } from "node:fs";
import { must } from "../../peers/environment/run.ts";
import type { Packages } from "../environment/packages.ts";

/** Of the bridge: the address of the node, in the range of its pods. */
export const nodeAddress = "10.244.0.1";
export const podRange = "10.244.0.0/16";
export const nodePodRange = "10.244.0.0/24";
export const bridge = "cni0";
/** Of the Service kubernetes, and of the one for names. */
export const kubernetesAddress = "10.96.0.1";
export const dnsAddress = "10.96.0.10";

const limitMs = 10_000;

/** @throws {Error} outside of a network namespace of our own: nothing here may reach a network. */
export const makeNetwork = async ({ env }: Packages): Promise<void> => {
  const found = readdirSync("/proc/sys/net/ipv4/conf").filter((name) => /^(eth|en|wl)/.test(name));
  if (found.length > 0) {
    throw new Error(`this network has a way out (${found}): start it by npm run test:node`);
  }
  const ip = (...args: readonly string[]): Promise<string> => must(["ip", ...args], env, limitMs);
  await ip("link", "set", "lo", "up");
  await ip("link", "add", bridge, "type", "bridge");
  await ip("address", "add", `${nodeAddress}/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  await ip("route", "add", "default", "dev", bridge);
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
};
