import { Busboy } from "@fastify/busboy";
import { parseJson } from "./json.ts";
import { ComponentError } from "./user.ts";

/** More parts than a message has fields, and few enough to be cheap. */
const maxParts = 100;

/**
 * Reads a form of several parts as a message: a text field is a field of the message, as JSON but
 * for `strData`, which is taken as it is; the file `binData` becomes base64; any other file is text.
 *
 * @throws {ComponentError} 400 for a malformed form.
 * Source: engine contract, 11.2.
 */
export const readMultipart = (
  contentType: string,
  body: Buffer,
): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const fields: [string, unknown][] = [];
    const fail = (thrown: unknown): void => {
      reject(
        thrown instanceof ComponentError
          ? thrown
          : new ComponentError(
              `Invalid multipart form: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
            ),
      );
    };
    const parser = makeParser(contentType, body.length, fail);
    if (parser === undefined) return;
    parser.on("field", (name, value) => {
      try {
        fields.push([name, name === "strData" ? value : parseJson(value, `form field ${name}`)]);
      } catch (thrown) {
        fail(thrown);
      }
    });
    parser.on("file", (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const content = Buffer.concat(chunks);
        fields.push([name, content.toString(name === "binData" ? "base64" : "utf8")]);
      });
      stream.on("error", fail);
    });
    parser.on("partsLimit", () => fail(new Error(`it has more than ${maxParts} parts`)));
    parser.on("error", fail);
    parser.on("finish", () => resolve(Object.fromEntries(fields)));
    parser.end(body);
  });

const makeParser = (
  contentType: string,
  length: number,
  fail: (thrown: unknown) => void,
): InstanceType<typeof Busboy> | undefined => {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: { fieldSize: length, parts: maxParts, fieldNameSize: 1000 },
    });
  } catch (thrown) {
    fail(thrown);
    return undefined;
  }
};
