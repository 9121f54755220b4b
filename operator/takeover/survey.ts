/** What a cluster holds that a takeover is about. It is only read: no request changes anything. */
import { isPlain } from "../../api/shape/plain.ts";
import { ClusterError } from "../cluster/cluster.ts";
import { failureOf } from "../cluster/failure.ts";
import {
  configMaps,
  idOf,
  type Kind,
  namespaces,
  ownedKinds,
  pathOf,
  resourceOf,
  seldonDeployments,
} from "../cluster/kinds.ts";
import { listAll } from "../cluster/page.ts";
import { makeVerbs } from "../cluster/verbs.ts";
import type { Wire } from "../cluster/wire.ts";
import { readFacts } from "../facts.ts";
import type { Facts } from "../render/desired.ts";
import type { KubernetesObject } from "../render/object.ts";
import { configMapName } from "../settings-source.ts";
import { managerName } from "./settings.ts";

export type Survey = {
  readonly deployments: readonly KubernetesObject[];
  /** Everything else, whoever made it. */
  readonly objects: readonly KubernetesObject[];
  /** The kinds that the cluster serves, by group and kind; undefined where nobody has asked it. */
  readonly served: ReadonlySet<string> | undefined;
  /** What of service accounts and secrets a rendering needs. */
  readonly factsOf: (namespace: string, accounts: readonly string[]) => Promise<Facts>;
  /** What could not be looked at, in sentences. */
  readonly notes: readonly string[];
};

export type SurveyOptions = {
  /** Empty: all of them. */
  readonly namespace: string;
  /** Of v1's operator and its settings. */
  readonly system: string;
};

/** @throws {ClusterError} when the SeldonDeployments or what they consist of cannot be read. */
export const surveyCluster = async (
  wire: Wire,
  { namespace, system }: SurveyOptions,
): Promise<Survey> => {
  const reading = readOnly(wire);
  const lists = await Promise.all(
    ownedKinds.map(async (kind) => ({ kind, items: await list(reading, kind, namespace) })),
  );
  const found = await list(reading, seldonDeployments, namespace);
  if (found === undefined) {
    const reason = "the cluster has no SeldonDeployments: their CRD is not installed";
    throw new ClusterError("NOT_FOUND", "list SeldonDeployments", reason);
  }
  const rest = await Promise.all([
    tolerated(() => list(reading, namespaces, ""), "namespaces: which are other operators'"),
    tolerated(() => settingsOf(reading, system), `${system}: the settings of v1's operator`),
  ]);
  const verbs = makeVerbs(reading);
  return {
    deployments: found,
    objects: [...lists, ...rest].flatMap(({ items = [] }) => items),
    served: new Set(lists.flatMap(({ kind, items }) => (items === undefined ? [] : [idOf(kind)]))),
    factsOf: (space, accounts) => readFacts(verbs, { namespace: space, accounts }),
    notes: rest.flatMap(({ note }) => note ?? []),
  };
};

/** Whatever is asked for by mistake, nothing is written. */
const readOnly = (wire: Wire): Wire => ({
  ...wire,
  ask: (ask) => {
    if (ask.method === "GET") return wire.ask(ask);
    throw new ClusterError("FORBIDDEN", ask.attempted, "a survey changes nothing");
  },
});

/** Undefined where the cluster does not serve the kind. */
const list = async (
  wire: Wire,
  kind: Kind,
  namespace: string,
): Promise<readonly KubernetesObject[] | undefined> => {
  const attempted = `list ${resourceOf(kind)}`;
  const path = pathOf(kind, namespace);
  const listed = await listAll(kind, (query) =>
    wire.ask({ attempted, verb: "list", kind: kind.kind, method: "GET", path, query }),
  );
  if (!("status" in listed)) return listed.items;
  if (listed.status === 404) return undefined;
  throw failureOf(attempted, listed, resourceOf(kind));
};

const settingsOf = async (wire: Wire, system: string): Promise<readonly KubernetesObject[]> => {
  const verbs = makeVerbs(wire);
  const found = await Promise.all([
    verbs.read({ ...configMaps, namespace: system, name: configMapName }),
    verbs.read({ apiVersion: "apps/v1", kind: "Deployment", namespace: system, name: managerName }),
  ]);
  return found.filter((one) => one !== undefined);
};

type Tolerated = { readonly items?: readonly KubernetesObject[]; readonly note?: string };

const tolerated = async (
  read: () => Promise<readonly KubernetesObject[] | undefined>,
  what: string,
): Promise<Tolerated> => {
  try {
    return { items: (await read()) ?? [] };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== "FORBIDDEN") throw error;
    return { note: `you may not read ${what} is not known` };
  }
};

/** What a file holds: as `kubectl get ... -o yaml` writes it, or manifests alone. */
export const surveyDocuments = (
  deployments: readonly unknown[],
  others: readonly unknown[],
): Survey => ({
  deployments: deployments.filter(isObject),
  objects: others.filter(isObject),
  served: undefined,
  factsOf: async () => ({ accounts: {} }),
  notes: [],
});

const isObject = (value: unknown): value is KubernetesObject =>
  isPlain(value) && "kind" in value && "apiVersion" in value && isNamed(value);

const isNamed = (value: object): boolean =>
  "metadata" in value && isPlain(value.metadata) && "name" in value.metadata;
