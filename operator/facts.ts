/** What rendering asks of the cluster: the secrets of service accounts. Source: operator contract, 7.5. */

import { isPlain } from "../api/shape/plain.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { listAt, textAt, valueAt, wordsAt } from "./live.ts";
import type { AccountSecret, Facts } from "./render/desired.ts";

type Place = { readonly namespace: string; readonly accounts: readonly string[] };

/** Of each account that is there the secrets that are there; their values are not looked at. */
export const readFacts = async (
  cluster: Pick<Cluster, "read">,
  { namespace, accounts }: Place,
): Promise<Facts> => {
  const read = await Promise.all(
    accounts.map(
      async (account) => [account, await secretsOf(cluster, namespace, account)] as const,
    ),
  );
  return {
    accounts: Object.fromEntries(read.flatMap(([name, found]) => (found ? [[name, found]] : []))),
  };
};

const secretsOf = async (
  cluster: Pick<Cluster, "read">,
  namespace: string,
  account: string,
): Promise<readonly AccountSecret[] | undefined> => {
  const ref = { apiVersion: "v1", kind: "ServiceAccount", namespace, name: account };
  const found = await cluster.read(ref);
  if (found === undefined) return undefined;
  const names = listAt(found, "secrets").map((secret) => textAt(secret, "name"));
  const secrets = await Promise.all(names.map((name) => readSecret(cluster, namespace, name)));
  return secrets.filter((secret) => secret !== undefined);
};

const readSecret = async (
  cluster: Pick<Cluster, "read">,
  namespace: string,
  name: string,
): Promise<AccountSecret | undefined> => {
  const found = await cluster.read({ apiVersion: "v1", kind: "Secret", namespace, name });
  if (found === undefined) return undefined;
  const data = valueAt(found, "data");
  return {
    name,
    keys: isPlain(data) ? Object.keys(data) : [],
    annotations: wordsAt(found, "metadata", "annotations"),
  };
};
