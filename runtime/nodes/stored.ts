import type { Means } from "./definition.ts";
import { parameterFault } from "./rows.ts";

/**
 * JSON that a node is given in a parameter, or in the file that `<parameter>_uri` names.
 *
 * @throws {EngineError} PARAMETER_INVALID if both or neither is given, or the file is not JSON.
 */
export const storedJson = (
  parameter: string,
  given: { readonly value: unknown; readonly place: string | undefined },
  { name, readFile }: Means,
): unknown => {
  const { value, place } = given;
  if ((value === undefined) === (place === undefined)) {
    throw parameterFault(name, `give it either ${parameter} or ${parameter}_uri`);
  }
  if (place === undefined) return value;
  if (readFile === undefined) throw parameterFault(name, "files cannot be read here");
  try {
    return JSON.parse(readFile(place));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw parameterFault(name, `${parameter}_uri is ${place}: ${why}`);
  }
};
