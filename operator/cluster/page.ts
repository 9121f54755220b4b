/** Lists, page by page. Source: Kubernetes API concepts, "Retrieving large results sets in chunks". */
import { isPlain } from "../../api/shape/plain.ts";
import type { KubernetesObject } from "../render/object.ts";
import type { Answer } from "./failure.ts";
import type { Kind } from "./kinds.ts";

export type Page = {
  readonly items: readonly KubernetesObject[];
  readonly version: string;
  /** Where to go on; empty at the end. */
  readonly next: string;
};

export type Listed = { readonly items: readonly KubernetesObject[]; readonly version: string };

export const textIn = (value: unknown, key: string): string => {
  const found = isPlain(value) ? new Map<string, unknown>(Object.entries(value)).get(key) : "";
  return typeof found === "string" ? found : "";
};

/** Items of a list do not say what they are. Source: Kubernetes API conventions, "Lists". */
export const itemsOf = (body: unknown, { apiVersion, kind }: Kind): readonly KubernetesObject[] =>
  isPlain(body) && "items" in body && Array.isArray(body.items)
    ? body.items.map((item) => ({ ...item, apiVersion, kind }))
    : [];

const pageOf = (body: unknown, kind: Kind): Page => {
  const metadata = isPlain(body) && "metadata" in body ? body.metadata : undefined;
  return {
    items: itemsOf(body, kind),
    version: textIn(metadata, "resourceVersion"),
    next: textIn(metadata, "continue"),
  };
};

const pageSize = 500;

export type AskPage = (query: Readonly<Record<string, string>>) => Promise<Answer>;

const listPages = async (kind: Kind, ask: AskPage): Promise<Listed | Answer> => {
  const items: KubernetesObject[] = [];
  for (let next = ""; ; ) {
    const from = next === "" ? {} : { continue: next };
    const answer = await ask({ limit: `${pageSize}`, ...from });
    if (answer.status !== 200) return answer;
    const page = pageOf(answer.body, kind);
    items.push(...page.items);
    if (page.next === "") return { items, version: page.version };
    next = page.next;
  }
};

/**
 * All there is, or what the server answers instead. Pages that take longer than the server
 * remembers are asked for as one.
 */
export const listAll = async (kind: Kind, ask: AskPage): Promise<Listed | Answer> => {
  const listed = await listPages(kind, ask);
  if (!("status" in listed) || listed.status !== 410) return listed;
  const answer = await ask({});
  return answer.status === 200 ? pageOf(answer.body, kind) : answer;
};
