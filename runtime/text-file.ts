/** Files that parameters of built-in nodes name, read once at start. */
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EngineError } from "./errors.ts";

/** More than any model or schema that belongs inside an engine. */
const mostBytes = 268_435_456;

/**
 * The text of a file, by its path or `file://` address.
 *
 * @throws {EngineError} PARAMETER_INVALID for one that cannot be read, or has more than 256 MiB.
 */
export const readTextFile = (place: string): string => {
  try {
    const path = place.startsWith("file:") ? fileURLToPath(place) : place;
    const { size } = statSync(path);
    if (size > mostBytes) throw new Error(`it has ${size} bytes, at most ${mostBytes} are read`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("PARAMETER_INVALID", `cannot read the file ${place}: ${why}`, { cause });
  }
};
