/** A thin client of the API server for tests: plain JSON in and out, and waiting by watch. */
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { ApiError, isRefused } from "./api-error.ts";
import { follow, list, type Objects, until } from "./follow.ts";
import { makePaths, type Target, type Where } from "./paths.ts";
import { type Asked, openTransport, type Transport } from "./transport.ts";

export type WriteOptions = {
  readonly subresource?: string;
  /** Name of the field manager; "tests" unless told. */
  readonly manager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly onWarning?: (text: string) => void;
};

export type RemoveOptions = {
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  readonly uid?: string;
};

/** The media types of patches. Source: Kubernetes documentation, "API concepts". */
const patchTypes = {
  apply: "application/apply-patch+yaml",
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

export type PatchOptions = WriteOptions & { readonly type?: keyof typeof patchTypes };

/** An object, whoever made its type. */
export type Given = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
};

/** @throws {ApiError} whenever the server refuses, but for `ask`. */
export type Api = {
  /** The path of the kubeconfig it uses. */
  readonly kubeconfig: string;
  /** A request of any kind; answers also what is refused. */
  readonly ask: Transport["ask"];
  readonly get: (target: Target) => Promise<KubernetesObject>;
  /** The same, but undefined where there is none. */
  readonly find: (target: Target) => Promise<KubernetesObject | undefined>;
  readonly list: (where: Where) => Promise<Objects>;
  readonly create: (object: Given, options?: WriteOptions) => Promise<KubernetesObject>;
  /** PUT. */
  readonly replace: (object: Given, options?: WriteOptions) => Promise<KubernetesObject>;
  /** Server-side apply. */
  readonly apply: (object: Given, options?: WriteOptions) => Promise<KubernetesObject>;
  /** A merge patch unless told. */
  readonly patch: (
    target: Target,
    patch: unknown,
    options?: PatchOptions,
  ) => Promise<KubernetesObject>;
  /** Not finding it is success. */
  readonly remove: (target: Target, options?: RemoveOptions) => Promise<void>;
  /** Resolves with the object once there is one for which the predicate holds. */
  readonly until: (
    target: Target,
    predicate: (object: KubernetesObject) => boolean,
    limitMs?: number,
  ) => Promise<KubernetesObject>;
  readonly untilGone: (target: Target, limitMs?: number) => Promise<void>;
  readonly untilAll: (
    where: Where,
    predicate: (objects: Objects) => boolean,
    limitMs?: number,
  ) => Promise<Objects>;
  /** What there is now, and again after each change, until the signal, which it throws. */
  readonly follow: (where: Where, signal: AbortSignal) => AsyncGenerator<Objects>;
  readonly close: () => void;
};

/** For busy machines; nothing waits longer than it has to. Shorter than a test: it says what was seen. */
const usualLimitMs = 120_000;

/** The target that an object itself is. */
export const targetOf = ({ apiVersion, kind, metadata: { name, namespace } }: Given): Target => ({
  apiVersion,
  kind,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

const byName = (target: Target): Where => ({ ...target, fields: `metadata.name=${target.name}` });

export const openApi = (kubeconfig: string): Api => {
  const transport = openTransport(kubeconfig);
  const paths = makePaths(transport.ask);
  const reader = { transport, paths };

  const write = async (asked: Asked, options: WriteOptions = {}): Promise<KubernetesObject> => {
    const answer = await transport.ask({ ...asked, path: `${asked.path}?${queryOf(options)}` });
    for (const warning of answer.warnings) options.onWarning?.(warning);
    if (isRefused(answer)) throw new ApiError(`${asked.method} ${asked.path}`, answer);
    return answer.body as KubernetesObject; // as: what is written is answered
  };
  const find: Api["find"] = async (target) => {
    const path = await paths.one(target);
    const answer = await transport.ask({ method: "GET", path });
    if (answer.status === 404) return undefined;
    if (isRefused(answer)) throw new ApiError(`GET ${path}`, answer);
    return answer.body as KubernetesObject; // as: what is there is answered
  };
  const get: Api["get"] = async (target) => {
    const found = await find(target);
    if (found !== undefined) return found;
    throw new Error(`there is no ${target.kind} ${target.namespace ?? ""}/${target.name}`);
  };
  const patch: Api["patch"] = async (target, body, { type = "merge", ...options } = {}) => {
    const path = await paths.one(target, options.subresource);
    return write({ method: "PATCH", path, body, contentType: patchTypes[type] }, options);
  };
  const remove: Api["remove"] = async (target, { propagation = "Background", uid } = {}) => {
    const path = await paths.one(target);
    const body = {
      ...{ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation },
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    const answer = await transport.ask({ method: "DELETE", path, body });
    if (isRefused(answer) && answer.status !== 404) throw new ApiError(`DELETE ${path}`, answer);
  };
  const create: Api["create"] = async (body, options = {}) => {
    const target = targetOf(body);
    const { subresource } = options;
    const path = await (subresource ? paths.one(target, subresource) : paths.all(target));
    return write({ method: "POST", path, body }, options);
  };
  const replace: Api["replace"] = async (body, options = {}) => {
    const path = await paths.one(targetOf(body), options.subresource);
    return write({ method: "PUT", path, body }, options);
  };
  return {
    ...{ kubeconfig, ask: transport.ask, find, get, create, replace, patch, remove },
    list: async (where) => (await list(reader, where)).items,
    apply: (object, options) => patch(targetOf(object), object, { ...options, type: "apply" }),
    until: async (target, predicate, limitMs = usualLimitMs) => {
      const holds = (objects: Objects): boolean => objects.some(predicate);
      const [found] = await until(reader, byName(target), holds, limitMs);
      return found ?? get(target);
    },
    untilGone: async (target, limitMs = usualLimitMs) => {
      await until(reader, byName(target), ({ length }) => length === 0, limitMs);
    },
    untilAll: (where, predicate, limitMs = usualLimitMs) =>
      until(reader, where, predicate, limitMs),
    follow: (where, signal) => follow(reader, where, signal),
    close: transport.close,
  };
};

const queryOf = (options: WriteOptions): URLSearchParams => {
  const { manager = "tests", force, dryRun, fieldValidation } = options;
  return new URLSearchParams({
    fieldManager: manager,
    ...(force === undefined ? {} : { force: String(force) }),
    ...(dryRun ? { dryRun: "All" } : {}),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
  });
};
