import type { Values } from "../../../api/built-ins/read.ts";
import type { transformers } from "../../../api/built-ins/transformers.ts";
import { EngineError } from "../../errors.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode, Look } from "../node.ts";
import { parameterFault } from "../rows.ts";
import { storedJson } from "../stored.ts";
import { type Check, compileSchema, mismatch, pointed } from "./schema.ts";
import { makeTransformer, worksOnAnswers } from "./transformer.ts";

/**
 * Passes a message on untouched if the part of its JSON form at the pointer `at` matches the schema.
 *
 * @throws {EngineError} SCHEMA_MISMATCH naming the failing paths; of an OUTPUT_TRANSFORMER, whose
 * messages are answers and no fault of the client, PAYLOAD_UNFIT. PARAMETER_INVALID for a schema
 * that is none. Source: JSON Schema, draft 2020-12; RFC 6901.
 */
export const makeValidator = (
  values: Values<typeof transformers.SCHEMA_VALIDATOR>,
  means: Means,
): BuiltInNode => {
  const { name } = means;
  const { at } = values;
  if (at !== "" && !at.startsWith("/")) {
    throw parameterFault(name, `at is "${at}"; write a JSON Pointer, like /data/ndarray`);
  }
  const check = compileSchema(
    storedJson("schema", { value: values.schema, place: values.schema_uri }, means),
    (why) => parameterFault(name, why),
  );
  check.catch(() => {}); // told to every call
  return makeTransformer(means, async (look) => {
    const issues = issuesOf(await check, look, at);
    if (issues.length === 0) return {};
    const refused = mismatch(name, issues, at);
    throw worksOnAnswers(means) ? new EngineError("PAYLOAD_UNFIT", refused.message) : refused;
  });
};

const issuesOf = (check: Check, look: Look, at: string): ReturnType<Check> => {
  try {
    const value = pointed(look.json(), at);
    return value === undefined ? [{ path: "", why: "is missing" }] : check(value);
  } catch (error) {
    if (error instanceof RangeError) return [{ path: "", why: "is nested too deeply to check" }];
    const isUnread = error instanceof EngineError && error.code === "PAYLOAD_UNFIT";
    if (isUnread) return [{ path: "", why: error.message }];
    throw error;
  }
};
