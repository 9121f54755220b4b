/** Objects of the API as they change. */
import { setTimeout } from "node:timers/promises";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { ApiError, isRefused } from "./api-error.ts";
import type { Labels, Paths, Where } from "./paths.ts";
import type { Transport } from "./transport.ts";

export type Objects = readonly KubernetesObject[];

export type Listed = { readonly items: Objects; readonly resourceVersion: string };

export type Reader = { readonly transport: Transport; readonly paths: Paths };

type ListBody = {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: Objects;
};

type WatchEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubernetesObject;
};

const retryMs = 100;

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

const selection = ({ labels, fields }: Where): Record<string, string> => ({
  ...(labels === undefined ? {} : { labelSelector: labelText(labels) }),
  ...(fields === undefined ? {} : { fieldSelector: fields }),
});

/** All at once; their kind is put back, which lists leave out. */
export const list = async (
  { transport, paths }: Reader,
  where: Where,
  signal?: AbortSignal,
): Promise<Listed> => {
  const path = `${await paths.all(where)}?${new URLSearchParams(selection(where))}`;
  const answer = await transport.ask({ method: "GET", path, ...(signal ? { signal } : {}) });
  if (isRefused(answer)) throw new ApiError(`GET ${path}`, answer);
  const { metadata, items } = answer.body as ListBody; // as: what a list holds
  const { apiVersion, kind } = where;
  return {
    items: items.map((item) => ({ ...item, apiVersion, kind })),
    resourceVersion: metadata.resourceVersion,
  };
};

/**
 * What there is now, and again after each change, until the signal. A server that is gone is asked
 * again until it is back.
 */
export async function* follow(
  reader: Reader,
  where: Where,
  signal: AbortSignal,
): AsyncGenerator<Objects> {
  for (;;) {
    try {
      yield* followOnce(reader, where, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error)) throw error;
    }
    await setTimeout(retryMs, undefined, { signal });
  }
}

/** Whether it is the server that is gone, or not up yet. */
export const isAway = (error: unknown): boolean =>
  error instanceof ApiError
    ? error.status === 429 || error.status >= 500
    : (error as NodeJS.ErrnoException).code !== undefined; // as: of the system, or not

/** Ends when the server ends the watch. */
async function* followOnce(
  reader: Reader,
  where: Where,
  signal: AbortSignal,
): AsyncGenerator<Objects> {
  const { items, resourceVersion } = await list(reader, where, signal);
  const objects = new Map(items.map((item) => [item.metadata.uid, item]));
  yield items;
  const query = new URLSearchParams({ ...selection(where), resourceVersion, watch: "true" });
  const path = `${await reader.paths.all(where)}?${query}`;
  const answer = await reader.transport.open({ method: "GET", path, signal });
  for await (const line of linesOf(answer)) {
    const { type, object }: WatchEvent = JSON.parse(line);
    if (type === "ERROR" || type === undefined) return; // expired: from the beginning
    if (type === "DELETED") objects.delete(object.metadata.uid);
    else if (type !== "BOOKMARK") objects.set(object.metadata.uid, object);
    yield [...objects.values()];
  }
  signal.throwIfAborted();
}

async function* linesOf(answer: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of answer) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const lastSeenLimit = 4_000;

/** The objects for which the predicate holds first. */
export const until = async (
  reader: Reader,
  where: Where,
  predicate: (objects: Objects) => boolean,
  limitMs: number,
): Promise<Objects> => {
  const ended = new AbortController();
  const late = AbortSignal.timeout(limitMs);
  const signal = AbortSignal.any([ended.signal, late]);
  let seen: Objects = [];
  try {
    for await (const objects of follow(reader, where, signal)) {
      seen = objects;
      if (predicate(objects)) return objects;
    }
  } catch (error) {
    if (!late.aborted) throw error;
    const last = JSON.stringify(seen.map(withoutManagers), undefined, 1).slice(0, lastSeenLimit);
    const what = `${where.kind} ${where.namespace ?? ""} ${where.fields ?? ""}`;
    throw new Error(`${what} is not as expected after ${limitMs} ms; last seen: ${last}`);
  } finally {
    ended.abort();
  }
  return seen;
};

const withoutManagers = ({ metadata, ...rest }: KubernetesObject): unknown => {
  const { managedFields: _, ...kept } = metadata;
  return { metadata: kept, ...rest };
};
