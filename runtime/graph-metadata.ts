/** The metadata of all units, and what goes into and comes out of the graph. Source: engine contract, 6.9. */

import { byKey, objectText, sortedJson } from "../api/sorted-json.ts";
import type { RestCarried } from "./client/rest-node.ts";
import type { Call } from "./engine/call.ts";
import { EngineError, withoutAnswer } from "./errors.ts";
import { type Graph, preorder, type Unit } from "./graph.ts";
import { graphEnds } from "./graph-ends.ts";
import type { Payload } from "./payload.ts";
import { metadataOf } from "./unit-answer.ts";

type Loose = Readonly<Record<string, unknown>>;

/** @throws {EngineError} METADATA_UNREADABLE naming the unit, or what asking a unit throws. */
export const graphMetadata = async (
  predictor: string,
  graph: Graph<RestCarried>,
  call: Call<RestCarried>,
): Promise<Payload> => {
  const models = new Map<string, Texts>();
  for (const unit of preorder(graph.units)) {
    models.set(unit.plan.name, await unitMetadata(unit, call));
  }
  const { inputsOf, outputsOf } = graphEnds(graph.units);
  const units = [...models].sort(byKey);
  const answer = objectText([
    ["name", JSON.stringify(predictor)],
    ["models", objectText(units.map(([name, texts]) => [name, objectText([...texts])]))],
    ["graphinputs", models.get(inputsOf)?.get("inputs") ?? "null"],
    ["graphoutputs", models.get(outputsOf)?.get("outputs") ?? "null"],
  ]);
  return {
    body: Buffer.from(answer),
    contentType: "application/json",
    contentEncoding: undefined,
  };
};

/** Members of an object in their order, each as JSON. */
type Texts = ReadonlyMap<string, string>;

const unitMetadata = async (unit: Unit<RestCarried>, call: Call<RestCarried>): Promise<Texts> => {
  const { name } = unit.plan;
  try {
    const { body } = await metadataOf(unit, {
      ...call,
      carried: { ...call.carried, acceptsEncoding: false },
    });
    return reduce(name, JSON.parse(body.toString()));
  } catch (thrown) {
    if (thrown instanceof EngineError) throw withoutAnswer(thrown);
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new EngineError("METADATA_UNREADABLE", `metadata of unit ${name} is not JSON: ${why}`, {
      cause: thrown,
    });
  }
};

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/**
 * The known keys in their order; empty ones are left out, but lists of inputs and outputs stay.
 * As Go's JSON, which v1 reads metadata with: keys match in any case, and null is nothing.
 */
const reduce = (unit: string, value: unknown): Texts => {
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new EngineError("METADATA_UNREADABLE", `metadata of unit ${unit} is not a JSON object`);
  }
  const given = Object.entries(value ?? {}).filter(([, one]) => one !== null);
  const known: Loose = Object.fromEntries(given.map(([key, one]) => [key.toLowerCase(), one]));
  const { name = "", platform = "" } = known;
  const versions = withoutNulls(known["versions"]);
  const custom = withoutNulls(known["custom"]);
  const { inputs, outputs } = known;
  const bad = [
    typeof name === "string" ? "" : "name must be a string",
    typeof platform === "string" ? "" : "platform must be a string",
    isStrings(versions) ? "" : "versions must be a list of strings",
    isStringMap(custom) ? "" : "custom must be a map from string to string",
  ].filter((fault) => fault !== "");
  if (bad.length > 0) {
    throw new EngineError("METADATA_UNREADABLE", `metadata of unit ${unit}: ${bad.join("; ")}`);
  }
  const kept = { name, platform, versions, inputs, outputs, custom };
  return new Map(
    Object.entries(kept)
      .filter(([key, one]) =>
        key === "inputs" || key === "outputs" ? one !== undefined : !isEmpty(one),
      )
      .map(([key, one]) => [key, sortedJson(one)]),
  );
};

/** A null among strings is an empty one. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((one) => one ?? "");
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, one ?? ""]))
    : value;
};

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((one) => typeof one === "string"));

const isStringMap = (value: unknown): boolean =>
  value === undefined ||
  (isObject(value) && Object.values(value).every((one) => typeof one === "string"));
