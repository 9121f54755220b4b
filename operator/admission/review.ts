/**
 * One question of the API server, and the answer to it: may this SeldonDeployment be written?
 *
 * The judge is `parse`, as it is for `espalier validate` and the reconciler, so all three say the
 * same. Whatever the question is, there is an answer; only what is no AdmissionReview has none.
 *
 * Source: operator contract, 3; Kubernetes, dynamic admission control (AdmissionReview).
 */
import { isDeepStrictEqual } from "node:util";
import { parse } from "../../api/parse.ts";
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import { group, kind } from "../../api/schema.ts";
import type { Settings } from "../../api/settings.ts";
import { unwalkable } from "../../api/shape/extent.ts";
import { isPlain } from "../../api/shape/plain.ts";
import { type Answer, allow, refuse } from "./answer.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An AdmissionReview with its response. */
export type Reviewed = {
  readonly apiVersion: string;
  readonly kind: "AdmissionReview";
  readonly response: Answer & { readonly uid: string };
};

/** Issues tell why something is no AdmissionReview that can be answered. */
export const review = (body: unknown, settings: Settings): Result<Reviewed> => {
  const { apiVersion, kind: word, request } = fieldsOf(body);
  const asked = fieldsOf(request);
  const { uid } = asked;
  if (word !== "AdmissionReview" || !isOneOf(apiVersion, reviewVersions)) {
    const path = word === "AdmissionReview" ? "apiVersion" : "kind";
    return failure([{ path, message: `is no AdmissionReview; send one of ${reviewVersions[0]}` }]);
  }
  if (!isPlain(request)) {
    return failure([{ path: "request", message: "is missing; send what is to be reviewed" }]);
  }
  if (typeof uid !== "string" || uid === "") {
    return failure([{ path: "request.uid", message: "is missing; the answer would have no name" }]);
  }
  const response = { uid, ...judge(asked, settings) };
  return success({ apiVersion, kind: word, response });
};

const reviewVersions = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] as const;

const isOneOf = <T extends string>(value: unknown, words: readonly T[]): value is T =>
  words.some((word) => word === value);

const judge = (asked: Fields, settings: Settings): Answer => {
  const { operation, subResource, object, oldObject } = asked;
  if (!isAboutDeployments(asked)) return allow([notOurs]);
  // What is observed, scaled or deleted is not what the user describes.
  if (operation !== "CREATE" && operation !== "UPDATE") return allow([]);
  if (typeof subResource === "string" && subResource !== "") return allow([]);
  // Finalizers must be able to go, whatever the rest says.
  if (typeof fieldsOf(fieldsOf(object)["metadata"])["deletionTimestamp"] === "string") {
    return allow([]);
  }
  const parsed = parse(object, settings);
  if (parsed.ok) return allow(parsed.warnings);
  const old = operation === "UPDATE" ? standingFaults(object, oldObject, settings) : [];
  const known = new Set(old.map(keyOf));
  const isOld = (issue: Issue): boolean => known.has(keyOf(issue));
  const news = parsed.issues.filter((issue) => !isOld(issue));
  const warnings = [...parsed.issues.filter(isOld), ...parsed.warnings];
  return news.length === 0 ? allow(warnings) : refuse(nameOf(asked), news, warnings);
};

/**
 * The faults that were there before an update that leaves the spec alone.
 *
 * A deployment may be older than a rule, or than the settings. Labels, annotations and finalizers
 * of such a one can still be written, or nobody could even delete it; who changes its spec mends it.
 */
const standingFaults = (
  object: unknown,
  oldObject: unknown,
  settings: Settings,
): readonly Issue[] => {
  if ([object, oldObject].some((one) => unwalkable(one).length > 0)) return [];
  if (!isDeepStrictEqual(fieldsOf(object)["spec"], fieldsOf(oldObject)["spec"])) return [];
  const parsed = parse(oldObject, settings);
  return parsed.ok ? [] : parsed.issues;
};

/** A rule that sends other things here is a mistake, and not one that those should suffer from. */
const isAboutDeployments = ({ kind: asked }: Fields): boolean => {
  const { group: askedGroup, kind: askedKind } = fieldsOf(asked);
  return askedGroup === group && askedKind === kind;
};
const notOurs: Issue = {
  path: "",
  message: `this webhook judges SeldonDeployments of ${group} alone; mend the rules of its configuration`,
};

const nameOf = ({ name, object }: Fields): string => {
  const { name: written, generateName } = fieldsOf(fieldsOf(object)["metadata"]);
  const found = [written, name, generateName].find((one) => typeof one === "string" && one !== "");
  return typeof found === "string" ? found : "";
};

const keyOf = ({ path, message }: Issue): string => JSON.stringify([path, message]);

const fieldsOf = (value: unknown): Fields => (isPlain(value) ? { ...value } : {});
