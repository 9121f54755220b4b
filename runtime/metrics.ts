/** The engine's metrics, under the names and labels that v1's dashboards know. Source: engine contract, 9.1. */
import type { MetricObject, Registry } from "prom-client";
import type { Plan } from "../api/plan.ts";
import { grpcCodeLabel } from "./grpc-status.ts";
import { makeLatencies, type Observe } from "./latency.ts";
import { type Measured, measuresText } from "./measures.ts";
import type { Measure } from "./nodes/node.ts";

export type ServerLabels = {
  readonly service: string;
  readonly method: string;
  readonly code: string;
};
export type ClientLabels = ServerLabels & { readonly model: string };

export type Metrics = {
  /** For metrics of other parts; the library is loaded when it is first asked for, or scraped. */
  registry(): Promise<Registry>;
  /** What nodes measure is asked of `source` at every scrape. */
  measured(source: () => readonly NodeMeasures[]): void;
  readonly contentType: string;
  /** The text of a scrape. */
  text(): Promise<string>;
  /** The same as values, for where several processes are scraped as one. */
  scrape(): Promise<Scrape>;
  /** Requests answered by the engine. */
  serverCount(labels: Omit<ServerLabels, "code">): Count;
  /** Calls answered by a node. */
  clientCount(labels: Omit<ClientLabels, "code">): Count;
  /** RPCs answered by the engine, by full method and status code. */
  serverGrpc(rpc: string, code: number): Observe;
  /** RPCs answered by a node. */
  clientGrpc(rpc: string, code: number, model: string): Observe;
};

/** Takes the HTTP status and the duration of an exchange whose other labels are known. */
export type Count = (status: number, seconds: number) => void;

export type Scrape = {
  readonly metrics: readonly MetricObject[];
  readonly measures: readonly Measured[];
};

/** What a built-in node measures at this moment. */
export type NodeMeasures = { readonly node: string; readonly measures: readonly Measure[] };

/** Label sets come from clients (status codes, model names in paths): more are counted together. */
const mostSeries = 2000;

/** Source: Prometheus, text exposition format. */
const textFormat = "text/plain; version=0.0.4; charset=utf-8";

const once = <Made>(make: () => Promise<Made>): (() => Promise<Made>) => {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

/**
 * prom-client costs 20 MB and 40 ms, so it is loaded when it is first needed: an engine is ready, and
 * idle, without it. What it measures of Node.js itself begins then.
 */
export const makeMetrics = (deployment: string, plan: Plan): Metrics => {
  const own = {
    deployment_name: deployment,
    predictor_name: plan.name,
    predictor_version: plan.version,
  };
  const servers = makeLatencies(
    "seldon_api_executor_server_requests_seconds",
    "Time the engine takes to answer a request.",
  );
  const clients = makeLatencies(
    "seldon_api_executor_client_requests_seconds",
    "Time a node takes to answer a call of the engine.",
  );
  const server = remember(({ service, method, code }: ServerLabels) =>
    servers.series({ ...own, service, method, code }),
  );
  const client = remember(({ service, method, code, model }: ClientLabels) =>
    clients.series({ ...own, service, method, code, model_name: model, ...imageOf(plan, model) }),
  );
  const sources: (() => readonly NodeMeasures[])[] = [];
  const measured = (): readonly Measured[] =>
    sources
      .flatMap((source) => source())
      .map(({ node, measures }) => ({
        labels: { deployment, predictor: plan.name, node },
        measures,
      }));
  const registry = once(async () => {
    const { collectDefaultMetrics, Registry } = await import("prom-client");
    const made = new Registry();
    collectDefaultMetrics({ register: made });
    for (const latencies of [servers, clients]) latencies.publishIn(made);
    return made;
  });
  return {
    registry,
    contentType: textFormat,
    measured: (source) => {
      sources.push(source);
    },
    text: async () =>
      [await (await registry()).metrics(), measuresText(measured())]
        .filter((one) => one !== "")
        .join("\n"),
    scrape: async () => ({
      metrics: await (await registry()).getMetricsAsJSON(),
      measures: measured(),
    }),
    serverCount: (labels) => byStatus((code) => server({ ...labels, code })),
    clientCount: (labels) => byStatus((code) => client({ ...labels, code })),
    serverGrpc: (rpc, code) => server({ service: rpc, method: "unary", code: grpcCodeLabel(code) }),
    clientGrpc: (rpc, code, model) =>
      client({ service: rpc, method: "unary", code: grpcCodeLabel(code), model }),
  };
};

const byStatus = (seriesOf: (code: string) => Observe): Count => {
  const known = new Map<number, Observe>();
  return (status, seconds) => {
    let series = known.get(status);
    if (series === undefined) {
      series = seriesOf(String(status));
      known.set(status, series);
    }
    series(seconds);
  };
};

/**
 * What stands before the first ":", and a version only where the image splits there in exactly
 * two: a registry with a port hides both. Source: engine contract, 9.1.
 */
const imageOf = (plan: Plan, model: string): { model_image: string; model_version: string } => {
  const [image = "", version = "", ...more] = (plan.images[model] ?? "").split(":");
  return { model_image: image, model_version: more.length === 0 ? version : "" };
};

/** Finds the series of labels seen before without building the label set again. */
const remember = <Given extends ServerLabels & { readonly model?: string }>(
  make: (labels: Given) => Observe,
): ((labels: Given) => Observe) => {
  const known = new Map<string, Observe>();
  const find = (labels: Given): Observe => {
    const key = `${labels.code}\0${labels.method}\0${labels.service}\0${labels.model ?? ""}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= mostSeries && labels.service !== "other") {
      return find({ ...labels, service: "other", model: "other" });
    }
    const made = make(labels);
    known.set(key, made);
    return made;
  };
  return find;
};
