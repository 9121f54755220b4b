import { isObject, type JsonObject } from "./message.ts";
import { ComponentError } from "./user.ts";

/**
 * Parses JSON. Like the Python wrapper it also takes the words NaN, Infinity and -Infinity, which
 * Python clients write where a value is missing.
 *
 * @throws {ComponentError} 400, saying where the JSON breaks.
 */
export const parseJson = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (/NaN|Infinity/.test(text)) {
      try {
        return parseWithWords(text);
      } catch {
        // the first error is the one to report
      }
    }
    throw new ComponentError(`Invalid JSON in ${where}: ${(thrown as SyntaxError).message}`);
  }
};

/** A string, which is left alone, or one of the words. */
const stringOrWord = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/g;

/** Stands for NaN in the text; no client sends these characters by chance. */
const nan = "\uE000espalier.NaN\uE000";

const parseWithWords = (text: string): unknown => {
  const replaced = text.replace(stringOrWord, (token) => {
    if (token.startsWith('"')) return token;
    if (token === "NaN") return JSON.stringify(nan);
    return token === "Infinity" ? "1e999" : "-1e999"; // beyond the largest double
  });
  return JSON.parse(replaced, (_key, value) => (value === nan ? Number.NaN : value));
};

/** A copy, if need be, in which bytes are base64. */
const withBase64 = (message: JsonObject): JsonObject => {
  const { binData, customData } = message;
  if (Buffer.isBuffer(binData)) return { ...message, binData: binData.toString("base64") };
  if (!isObject(customData) || !(customData["value"] instanceof Uint8Array)) return message;
  const value = Buffer.from(customData["value"]).toString("base64");
  return { ...message, customData: { ...customData, value } };
};

/**
 * A reply as JSON; bytes of `binData` and `customData` become base64.
 *
 * @throws {ComponentError} 400 for a reply that is nested too deep, 500 for what JSON cannot hold.
 */
export const stringify = (message: unknown): string => {
  try {
    return JSON.stringify(isObject(message) ? withBase64(message) : message);
  } catch (thrown) {
    if (thrown instanceof RangeError) {
      throw new ComponentError(`the reply cannot be written as JSON: it is nested too deep`);
    }
    throw new ComponentError(`the reply cannot be written as JSON: ${(thrown as Error).message}`, {
      status: 500,
      reason: "MICROSERVICE_INTERNAL_ERROR",
      cause: thrown,
    });
  }
};
