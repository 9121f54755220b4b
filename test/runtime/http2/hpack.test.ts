import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Http2Error } from "../../../runtime/http2/error-codes.ts";
import {
  type Decoder,
  decodeBlock,
  limitTable,
  makeDecoder,
} from "../../../runtime/http2/hpack-decode.ts";
import {
  encodeFields,
  encodeOnce,
  makeEncoder,
  resizeEncoder,
  roomFor,
} from "../../../runtime/http2/hpack-encode.ts";
import { resizeTable } from "../../../runtime/http2/hpack-table.ts";
import type { Fields } from "../../../runtime/http2/types.ts";

const limit = 65_536;

const decode = (decoder: Decoder, hex: string): Fields => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return decodeBlock(decoder, bytes, 0, bytes.length).fields;
};

const encode = (encoder: ReturnType<typeof makeEncoder>, fields: Fields): Buffer => {
  const into = Buffer.alloc(roomFor(fields) + 3);
  return into.subarray(3, encodeFields(encoder, fields, into, 3));
};

const get = (path: string, ...more: string[]): string[] => [
  ...[":method", "GET", ":scheme", path === "/index.html" ? "https" : "http", ":path", path],
  ...[":authority", "www.example.com"],
  ...more,
];
const dates = ["Mon, 21 Oct 2013 20:13:21 GMT", "Mon, 21 Oct 2013 20:13:22 GMT"] as const;
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const answer = (status: string, date: string, ...more: string[]): string[] => [
  ...[":status", status, "cache-control", "private", "date", date],
  ...["location", "https://www.example.com"],
  ...more,
];
const requests = [
  get("/"),
  get("/", "cache-control", "no-cache"),
  get("/index.html", "custom-key", "custom-value"),
];
const answers = [
  answer("302", dates[0]),
  answer("307", dates[0]),
  answer("200", dates[1], "content-encoding", "gzip", "set-cookie", cookie),
];

/** Each row is one connection: blocks in order, and what the table holds in the end. */
const examples = [
  {
    name: "C.2.1: a literal that is put into the table",
    blocks: ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"],
    fields: [["custom-key", "custom-header"]],
    bytes: 55,
  },
  {
    name: "C.2.2: a literal that is not",
    blocks: ["040c 2f73 616d 706c 652f 7061 7468"],
    fields: [[":path", "/sample/path"]],
    bytes: 0,
  },
  {
    name: "C.2.3: a literal that never is",
    blocks: ["1008 7061 7373 776f 7264 0673 6563 7265 74"],
    fields: [["password", "secret"]],
    bytes: 0,
  },
  { name: "C.2.4: a number", blocks: ["82"], fields: [[":method", "GET"]], bytes: 0 },
  {
    name: "C.3: requests without Huffman code",
    blocks: [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    fields: requests,
    bytes: 164,
  },
  {
    name: "C.4: requests with Huffman code",
    blocks: [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
    fields: requests,
    bytes: 164,
  },
  {
    name: "C.5: answers without Huffman code",
    tableBytes: 256,
    blocks: [
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ],
    fields: answers,
    bytes: 215,
  },
  {
    name: "C.6: answers with Huffman code",
    tableBytes: 256,
    blocks: [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ],
    fields: answers,
    bytes: 215,
  },
] as const;

describe("decodeBlock", () => {
  it.each(examples)("reads example $name", (example) => {
    const decoder = makeDecoder(limit);
    if ("tableBytes" in example) resizeTable(decoder.table, example.tableBytes);
    expect(example.blocks.map((hex) => decode(decoder, hex))).toEqual(example.fields);
    expect(decoder.table.bytes).toBe(example.bytes);
  });

  it.each([
    { name: "number 0", hex: "80" },
    { name: "a number beyond the table", hex: "be" },
    { name: "a name beyond the table", hex: "7f00 01 61" },
    { name: "a number without an end", hex: "ff ff" },
    { name: "a number too large", hex: "ff ffff ffff ff0f" },
    { name: "a text longer than the block", hex: "00 0561" },
    { name: "a field without a value", hex: "00 0161" },
    { name: "Huffman padding of zeros", hex: "00 8100 0161" },
    { name: "Huffman padding of eight ones", hex: "00 821fff 0161" },
    { name: "the end of string within a text", hex: "00 84ffff fffc 0161" },
    { name: "a table larger than agreed", hex: "3fe2 1f" },
    { name: "a change of size within the block", hex: "82 20" },
  ])("refuses $name", ({ hex }) => {
    const fault = faultOf(() => decode(makeDecoder(limit), hex));
    expect(fault).toMatchObject({ code: 9 });
  });

  it("wants to hear of a smaller table that was agreed", () => {
    const decoder = makeDecoder(limit);
    limitTable(decoder, 100);
    expect(faultOf(() => decode(decoder, "82"))).toMatchObject({ code: 9 });
    expect(decode(decoder, "3f45 82")).toEqual([":method", "GET"]);
    expect(decode(decoder, "82")).toEqual([":method", "GET"]);
  });

  it("marks a list above the limit, keeps no more of it, and keeps the table", () => {
    const decoder = makeDecoder(200);
    // 60 bytes of name and value once, then named 1000 times: a bomb of 92 KB
    const bomb = Buffer.concat([
      Buffer.from(`401e${"61".repeat(30)}1e${"62".repeat(30)}`, "hex"),
      Buffer.alloc(1000, 0xbe),
    ]);
    const list = decodeBlock(decoder, bomb, 0, bomb.length);
    expect(list).toMatchObject({ tooLarge: true, bytes: 1001 * 92 });
    expect(list.fields).toHaveLength(4);
    expect(decode(decoder, "be")).toEqual(["a".repeat(30), "b".repeat(30)]);
  });

  it("answers the same list for the same block, until the table has changed", () => {
    const decoder = makeDecoder(limit);
    decode(decoder, "4001 61 01 62");
    const first = decode(decoder, "be 82");
    expect(decode(decoder, "be 82")).toBe(first);
    expect(first).toEqual(["a", "b", ":method", "GET"]);
    decode(decoder, "4001 63 01 64");
    expect(decode(decoder, "be 82")).toEqual(["c", "d", ":method", "GET"]);
  });
});

const faultOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    if (error instanceof Http2Error) return error;
    throw error;
  }
  return undefined;
};

const names = fc.constantFrom(":status", ":path", "te", "x-a", "x-b", "cookie", "content-type");
const values = fc.oneof(
  fc.constantFrom("", "200", "/", "application/grpc"),
  fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) }),
  fc.integer({ min: 120, max: 5000 }).map((length) => "v".repeat(length)),
);
const lists = fc.array(fc.tuple(names, values), { maxLength: 8 }).map((pairs) => pairs.flat());

describe("encodeFields", () => {
  it("is read back, whatever came before and whatever size of table the peer has", () => {
    const steps = fc.array(
      fc.oneof(
        lists.map((fields) => ({ fields })),
        fc.integer({ min: 0, max: 6000 }).map((tableBytes) => ({ tableBytes })),
      ),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const encoder = makeEncoder();
        const decoder = makeDecoder(1_000_000);
        for (const step of all) {
          if ("tableBytes" in step) {
            resizeEncoder(encoder, step.tableBytes);
            decoder.tableLimitBytes = Math.max(step.tableBytes, 4096);
            continue;
          }
          const block = encode(encoder, step.fields);
          expect(decodeBlock(decoder, block, 0, block.length).fields).toEqual(step.fields);
          expect(encoder.bytes).toBe(decoder.table.bytes);
        }
      }),
    );
  });

  it("names what it sends again by number, and nothing that differs", () => {
    const encoder = makeEncoder();
    const fields = (id: string): Fields => ["grpc-encoding", "identity", "x-id", id];
    const sizes = ["1", "2", "3"].map((id) => encode(encoder, fields(id)).length);
    expect(sizes).toEqual([32, 32, 9]);
    expect(encoder.count).toBe(1);
  });

  it("keeps secrets out of every table", () => {
    const encoder = makeEncoder();
    for (const _ of [1, 2, 3]) {
      const block = encode(encoder, ["authorization", "Bearer x"]);
      expect([block[0], block[1], block.length]).toEqual([0x1f, 23 - 15, 11]);
    }
    expect(encoder.count).toBe(0);
  });

  it.each([
    { name: "a line's end in a value", fields: ["a", "b\r\nc"] },
    { name: "a character of more than a byte", fields: ["a", "\u010a"] },
    { name: "a capital in a name", fields: ["A", "b"] },
    { name: "an unknown pseudo-field", fields: [":a", "b"] },
    { name: "a secret with a line's end", fields: ["cookie", "\n"] },
  ])("refuses $name, and can go on", ({ fields }) => {
    const encoder = makeEncoder();
    const decoder = makeDecoder(limit);
    const good = ["x-a", "1", "x-b", "2"];
    const exchange = (): Fields => {
      const block = encode(encoder, good);
      return decodeBlock(decoder, block, 0, block.length).fields;
    };
    exchange();
    expect(() => encode(encoder, [...good, ...fields])).toThrow(TypeError);
    expect([exchange(), exchange(), exchange()]).toEqual([good, good, good]);
  });
});

describe("encodeOnce", () => {
  it("makes a block that means the same on every connection", () => {
    const fields = [":status", "200", "content-type", "application/grpc", "x-a", "b"];
    const { block } = encodeOnce(fields);
    const decoder = makeDecoder(limit);
    expect(decodeBlock(decoder, block, 0, block.length).fields).toEqual(fields);
    expect(decoder.table.version).toBe(0);
  });
});
