/**
 * The operator process: flags and environment in, SeldonDeployments of a cluster brought about, an
 * orderly end. Every replica keeps caches and serves the webhook; the holder of the Lease works.
 *
 * Source: operator contract, 9.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Registry } from "prom-client";
import { type Admin, startAdmin } from "../host/admin.ts";
import { type Logger, makeLog } from "../host/log.ts";
import { type Admission, startAdmission } from "./admission/admission.ts";
import { makeWireObjects } from "./admission/wire-objects.ts";
import { type ApiServer, makeApiServer } from "./cluster/api-server.ts";
import { systemClock } from "./cluster/clock.ts";
import { makeKubeWire } from "./cluster/kube.ts";
import type { Lease } from "./cluster/lease.ts";
import type { Wire } from "./cluster/wire.ts";
import { type OperatorConfig, readConfig } from "./config.ts";
import { type Controller, makeController } from "./controller.ts";
import { withRelatedImages } from "./environment.ts";
import { writeEvent } from "./events.ts";
import { makeNews } from "./logged.ts";
import { type Metrics, makeMetrics } from "./metrics.ts";
import type { Key } from "./outcome.ts";
import { makeReconcile } from "./reconcile.ts";
import { type KubernetesObject, nameOf } from "./render/object.ts";
import { configMapName, makeSettingsSource, type SettingsSource } from "./settings-source.ts";
import type { Environment } from "./variables.ts";

export type OperatorProcess = {
  /** Of /metrics, /live and /ready; undefined where there is none. */
  readonly adminPort: number | undefined;
  readonly webhookPort: number | undefined;
  /** Resolves when the Lease is lost: another operator may be at work already. */
  readonly lost: Promise<void>;
  /** Ends what is in work, lets go of the Lease. Resolves with the exit code. */
  stop(): Promise<number>;
};

export type Started =
  | { readonly ok: true; readonly process: OperatorProcess }
  | { readonly ok: false; readonly faults: readonly string[]; readonly exitCode: number };

/** How long the caches may take to fill. */
const fillMs = 120_000;
/** How long passes in work may take to end; a pass of one deployment takes a few requests. */
const stopMs = 20_000;

export const startOperator = async (
  argv: readonly string[],
  env: Environment,
): Promise<Started> => {
  const read = readConfig(argv, env);
  if (!read.ok) return read;
  const { config } = read;
  const log = makeLog(config.logLevel);
  for (const warning of read.warnings) log.warn({ warning }, "configuration");
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return { ok: true, process: await start(config, log, ends) };
  } catch (error) {
    for (const end of ends.reverse()) await end();
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, faults: [`cannot start: ${message}`], exitCode: 1 };
  }
};

/** All that the process consists of; `ends` undoes what has been begun, the last first. */
const start = async (
  config: OperatorConfig,
  log: Logger,
  ends: (() => Promise<unknown>)[],
): Promise<OperatorProcess> => {
  const parts = assemble(config, log);
  const { cluster, controller, source, wire } = parts;
  const state: { unready: string | undefined } = { unready: "caches are being filled" };
  let admission: Admission | undefined;
  const unready = () => state.unready ?? admission?.problem();
  const admin = await openAdmin(config, parts.registry, unready);
  ends.push(async () => admin?.close());
  ends.push(() => cluster.close());
  await cluster.start(fillMs);
  parts.settle();
  admission = await openAdmission(config, { source, wire, log, metrics: parts.metrics });
  ends.push(async () => admission?.close());
  state.unready = undefined;

  const work = lead(config, { cluster, controller, metrics: parts.metrics, log });
  return {
    adminPort: admin?.port,
    webhookPort: admission?.port,
    lost: work.lost,
    stop: async () => {
      log.info("stopping");
      state.unready = "stopping";
      await work.stop();
      for (const end of ends.reverse()) await end();
      log.info("stopped");
      return 0;
    },
  };
};

type Parts = {
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly wire: Wire;
  readonly cluster: ApiServer;
  readonly controller: Controller;
  readonly source: SettingsSource;
  /** The caches are full: what has not been told of is not there. */
  readonly settle: () => void;
};

const assemble = (config: OperatorConfig, log: Logger): Parts => {
  const registry = new Registry();
  const place = `${config.configNamespace}/${configMapName}`;
  const source = makeSettingsSource({
    base: config.settings,
    finish: (settings) => withRelatedImages(settings, config.variables),
    place,
    log,
  });
  const metrics = makeMetrics(registry, {
    depth: () => controller.depth(),
    states: () => controller.states(),
    isFaulty: () => source.now().fault !== undefined,
  });
  const wire = makeKubeWire({
    asked: ({ verb, kind }, code, seconds) => metrics.asked({ verb, kind, code, seconds }),
  });
  let isTold = false;
  const cluster = makeApiServer(wire, {
    namespace: config.namespace,
    identity: `${hostname()}_${randomUUID()}`,
    changed: (namespace, name) => controller.changed(namespace, name),
    config: {
      namespace: config.configNamespace,
      name: configMapName,
      changed: (configMap) => {
        isTold = true;
        if (!source.take(configMap)) return;
        for (const { namespace, name } of keysOf(cluster)) controller.changed(namespace, name);
      },
    },
    news: makeNews(log, metrics),
  });
  const controller = makeController({
    reconcile: makeReconcile({
      cluster,
      settings: source.now,
      controllerId: config.controllerId,
      isClusterWide: config.namespace === "",
      rollEngines: config.rollEngines,
      now: () => new Date(),
      wrote: (about, write) => {
        const { verb, ref, why } = write;
        metrics.wrote(verb, ref.kind);
        log.info({ deployment: pathOf(about), verb, object: nameOf(ref), why }, "written");
        cluster.tell(writeEvent(about, write));
      },
      told: (event) => {
        const { about, type, reason, message } = event;
        const level = type === "Warning" ? "warn" : "info";
        log[level]({ deployment: pathOf(about), reason, message }, "state");
        cluster.tell(event);
      },
    }),
    workers: config.workers,
    clock: systemClock,
    random: Math.random,
    log,
    reconciled: metrics.reconciled,
  });
  const settle = (): void => {
    if (!isTold) source.take(undefined);
  };
  return { registry, metrics, wire, cluster, controller, source, settle };
};

const pathOf = ({ metadata }: KubernetesObject): string =>
  `${metadata.namespace ?? ""}/${metadata.name}`;

const keysOf = (cluster: ApiServer): readonly Key[] =>
  cluster.deployments().map(({ metadata }) => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
  }));

const openAdmin = async (
  { admin }: OperatorConfig,
  registry: Registry,
  unready: () => string | undefined,
): Promise<Admin | undefined> => {
  if (admin === undefined) return undefined;
  const metrics = async () => ({ type: registry.contentType, text: await registry.metrics() });
  return startAdmin({ ...admin, metrics, unready });
};

type AdmissionParts = Pick<Parts, "source" | "wire" | "metrics"> & { readonly log: Logger };

const openAdmission = async (
  { webhook, operatorNamespace, namespace, controllerId }: OperatorConfig,
  { source, wire, metrics, log }: AdmissionParts,
): Promise<Admission | undefined> =>
  webhook &&
  startAdmission({
    ...webhook,
    namespace: operatorNamespace,
    watchNamespace: namespace,
    controllerId,
    settings: () => source.now().settings,
    objects: makeWireObjects(wire),
    log,
    onReview: metrics.reviewed,
  });

type Leading = {
  readonly lost: Promise<void>;
  stop(): Promise<void>;
};

type LeadParts = Pick<Parts, "cluster" | "controller" | "metrics"> & { readonly log: Logger };

/** Works from when the Lease is ours until it is not; without an election, at once. */
const lead = (
  config: OperatorConfig,
  { cluster, controller, metrics, log }: LeadParts,
): Leading => {
  const ending = new AbortController();
  const begin = (): void => {
    const keys = keysOf(cluster);
    metrics.leads(true);
    log.info({ deployments: keys.length }, "working");
    controller.start(keys);
  };
  const { election } = config;
  const lease = election && cluster.lease(config.operatorNamespace, election.name, election.times);
  if (lease === undefined) begin();
  const run = lease === undefined ? undefined : hold(lease, begin, ending.signal);
  return {
    lost: new Promise((resolve) => {
      void run?.then((how) => {
        if (how !== "lost") return;
        log.fatal("the lease is lost");
        resolve();
      });
    }),
    stop: async () => {
      const done = new AbortController();
      const late = systemClock.wait(stopMs, done.signal);
      await Promise.race([controller.stop(), late]);
      done.abort();
      metrics.leads(false);
      ending.abort();
      await run;
      await lease?.release();
    },
  };
};

const hold = async (
  lease: Lease,
  begin: () => void,
  signal: AbortSignal,
): Promise<"lost" | "aborted"> => {
  if (!(await lease.acquire(signal))) return "aborted";
  begin();
  return lease.keep(signal);
};
