/** Fields of header blocks that HTTP/2 of Node.js has written: its Huffman code, its table. */
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { makeFieldReader } from "./fields.ts";
import { type Frame, makeFrameReader, preface, types } from "./frames.ts";

const later = closeAfterEach();

/** The values of these names in each request that is made with these headers. */
const read = async (
  names: readonly string[],
  requests: readonly Readonly<Record<string, string>>[],
): Promise<readonly (readonly (string | undefined)[])[]> => {
  const found: (readonly (string | undefined)[])[] = [];
  const readFields = makeFieldReader(names);
  await new Promise<void>((resolve) => {
    const server = createServer((socket) => {
      const frames = makeFrameReader(({ type, bytes, from, to }: Frame) => {
        if (type !== types.headers) return;
        found.push([...readFields(bytes, from, to)]);
        if (found.length === requests.length) resolve();
      });
      let missing = preface.length;
      later(() => socket.destroy());
      socket.on("error", () => {}); // the client has left
      socket.on("data", (bytes: Buffer) => {
        const skipped = Math.min(missing, bytes.length);
        missing -= skipped;
        frames(bytes.subarray(skipped));
      });
    });
    later(() => server.close());
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // of TCP
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      later(() => session.destroy());
      session.on("error", () => {}); // nothing is ever answered
      for (const headers of requests) {
        session.request(headers, { endStream: true }).on("error", () => {}); // as above
      }
    });
  });
  return found;
};

describe("makeFieldReader", () => {
  it("finds the same values wherever they stand", async () => {
    // No more are begun before the settings of the server, which has none.
    const requests = Array.from({ length: 90 }, (_, i) => ({
      ":path": i % 7 === 0 ? "/" : `/path/${i % 3}`,
      "x-own": `own-${i}`,
      "x-kept": `kept ${i % 2}`,
      "x-other": `other-${i}`.repeat(1 + (i % 20)),
    }));
    const names = [":path", "x-own", "x-kept", "x-none"];
    expect(await read(names, requests)).toEqual(
      requests.map((one) => [one[":path"], one["x-own"], one["x-kept"], undefined]),
    );
  });

  it("reads every printable character", async () => {
    const texts = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
      .filter((character) => character !== " " && character !== "\\")
      .map((character) => `${character}eeeeeeee`); // what follows makes the Huffman code shorter
    const requests = texts.map((text) => ({ "x-text": text }));
    expect(await read(["x-text"], requests)).toEqual(texts.map((text) => [text]));
  });
});
