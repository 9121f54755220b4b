import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { EngineError, type NodeAnswer } from "../errors.ts";

const unzip = promisify(gunzip);

/**
 * Unpacks an answer that was compressed only because the engine asked for it.
 *
 * @throws {EngineError} NODE_PROTOCOL when it is not gzip or unpacks to more than `limitBytes`.
 * Source: engine contract, 5.2.
 */
export const unpackReply = async (answer: NodeAnswer, limitBytes: number): Promise<NodeAnswer> => {
  if (answer.body.length === 0) return { ...answer, contentEncoding: undefined };
  try {
    const body = await unzip(answer.body, { maxOutputLength: limitBytes });
    return { ...answer, body, contentEncoding: undefined };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("NODE_PROTOCOL", `the node's gzip answer cannot be unpacked: ${why}`, {
      cause,
    });
  }
};
