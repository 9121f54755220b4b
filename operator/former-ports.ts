/**
 * A Service whose ports change has both sets of them for a while: those that are wanted, and the
 * former ones, which routes and clients still ask for. What both lead to has to be open in every
 * pod behind the Service, those of before and those that come. Decisions alone.
 *
 * A port keeps its name as long as both sets are there, since endpoints are found by it; one that
 * joins has its number in its name. See docs/decisions/0006-routes.md; design 5.2.6.
 */

import { isPlain } from "../api/shape/plain.ts";
import { listAt, numberAt, textAt, valueAt } from "./live.ts";
import { annotated, bothPortsAnnotation, formerUntilAnnotation, markOf } from "./marks.ts";
import { isOpenInAll, isThrough, type Pods, type PodsBehind, podsBehind } from "./open-ports.ts";
import type { KubernetesObject } from "./render/object.ts";

/** How long former ports stay after routes have left them: gateways are told of that one by one. */
export const formerGraceMs = 60_000;

/** The desired Service with the former ports of the live one, if it has any. */
export const withFormerPorts = (
  desired: KubernetesObject,
  live: KubernetesObject | undefined,
  pods: Pods,
): KubernetesObject => {
  const change = changeOf(desired, live);
  if (live === undefined || change.former.length === 0) return desired;
  if (!isThrough(desired, numbersOf(change), pods)) {
    const behind = podsBehind(desired, pods);
    return withPorts(desired, change, (port) => targetWhile(port, change, behind));
  }
  return withUntil(throughOf(desired, change), markOf(live, formerUntilAnnotation));
};

export type Parting = {
  readonly object: KubernetesObject;
  /** When to look at it again; 0: the former ports go, or wait for something else than time. */
  readonly inMs: number;
};

/**
 * What becomes of a Service when routes lead to the ports that are wanted: it is marked with the
 * time until which it keeps the former ones, and after that it has none. Undefined: it has none.
 */
export const partWithPorts = (
  desired: KubernetesObject,
  live: KubernetesObject,
  { now, ...pods }: Pods & { readonly now: Date },
): Parting | undefined => {
  const change = changeOf(desired, live);
  if (change.former.length === 0) return undefined;
  if (!isThrough(desired, numbersOf(change), pods)) {
    return { object: withFormerPorts(desired, live, pods), inMs: 0 };
  }
  const until = markOf(live, formerUntilAnnotation) ?? new Date(+now + formerGraceMs).toISOString();
  const leftMs = Math.min(Date.parse(until) - +now, formerGraceMs);
  // Not a time: somebody has written it.
  return leftMs > 0
    ? { object: withUntil(throughOf(desired, change), until), inMs: leftMs }
    : { object: desired, inMs: 0 };
};

/** All pods are as they are wanted: both sets of ports lead to what they listen on. */
const throughOf = (desired: KubernetesObject, change: Change): KubernetesObject =>
  withPorts(desired, change, ({ role }) => wantedNumber(role, change));

const withUntil = (service: KubernetesObject, until: string | undefined): KubernetesObject =>
  until === undefined ? service : annotated(service, { [formerUntilAnnotation]: until });

/** A port of a Service by what it is for: `http` or `grpc`. */
type Port = {
  readonly role: string;
  readonly name: string;
  readonly number: number;
  readonly target: number | string;
  /** As it is written. */
  readonly whole: object;
};

type Change = {
  readonly wanted: readonly Port[];
  readonly live: readonly Port[];
  readonly former: readonly Port[];
};

const changeOf = (desired: KubernetesObject, live: KubernetesObject | undefined): Change => {
  const wanted = portsOf(desired);
  const roles = new Set(wanted.map(({ role }) => role));
  const ours = live === undefined ? [] : (markOf(live, bothPortsAnnotation)?.split(",") ?? []);
  const found = (live === undefined ? [] : portsOf(live)).filter(
    ({ role, name, number }) => roles.has(role) && (name === role || ours.includes(String(number))),
  );
  const numbers = new Set(wanted.map(({ number }) => number));
  return { wanted, live: found, former: found.filter(({ number }) => !numbers.has(number)) };
};

const portsOf = (service: KubernetesObject): readonly Port[] =>
  listAt(service, "spec", "ports").map((one) => {
    const name = textAt(one, "name");
    const number = numberAt(one, "port");
    const role = name.replace(new RegExp(`-${number}$`), "");
    const target = valueAt(one, "targetPort");
    const isName = typeof target === "string";
    const whole = isPlain(one) ? one : {};
    return { role, name, number, whole, target: isName ? target : numberAt(one, "targetPort") };
  });

const numbersOf = ({ wanted }: Change): readonly number[] => wanted.map(({ number }) => number);

const wantedNumber = (role: string, { wanted }: Change): number =>
  wanted.find((port) => port.role === role)?.number ?? 0;

/** Both sets, with these targets. */
const withPorts = (
  desired: KubernetesObject,
  { wanted, live, former }: Change,
  targetOf: (port: Port) => number | string,
): KubernetesObject => {
  const nameOf = ({ role, number }: Port): string =>
    live.find((port) => port.number === number)?.name ?? `${role}-${number}`;
  const ports = [...wanted, ...former].map((port) => ({
    ...(wanted.find(({ role }) => role === port.role) ?? port).whole,
    ...{ name: nameOf(port), port: port.number, targetPort: targetOf(port) },
  }));
  const spec = { ...(desired["spec"] as object), ports }; // as: a Service has one
  const numbers = ports.map(({ port }) => port).sort((a, b) => a - b);
  return annotated({ ...desired, spec }, { [bothPortsAnnotation]: numbers.join(",") });
};

/**
 * What a port leads to while pods of before and those that come are behind the Service: a number
 * that all of them listen on, else the name that each of them has for its own. Once both sets are
 * there it stays if it can, and a name is better than a number: the Deployments of the pods of
 * before may be known no longer.
 */
const targetWhile = (
  { role, number }: Port,
  { wanted, live, former }: Change,
  pods: PodsBehind,
): number | string => {
  const held = live.find((port) => port.number === number);
  const hasBoth = wanted.every((port) => live.some((one) => one.number === port.number));
  if (held !== undefined && hasBoth && isOpenInAll(pods.coming, held.target)) return held.target;
  const numbers = [...former, ...wanted]
    .filter((port) => port.role === role)
    .map((port) => port.number);
  const common = numbers.find((each) => isOpenInAll(pods.all, each));
  // The first port of that name counts. Source: Kubernetes API, ServicePort, `targetPort`.
  const isNamed = pods.all.every((ports) =>
    numbers.includes(ports.find(({ name }) => name === role)?.number ?? 0),
  );
  const shared = isNamed ? role : undefined;
  return (hasBoth ? (shared ?? common) : (common ?? shared)) ?? number;
};
