import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { withRouting } from "../../../runtime/protocol/splice.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";

const routing = '{"ab":1,"inner":-2}';
const spliced = (text: string): string | undefined =>
  withRouting(Buffer.from(text), routing)?.toString();

describe("withRouting", () => {
  it.each([
    { from: '{"meta":{}}', to: `{"meta":{"routing":${routing}}}` },
    { from: '{"meta":{ }}', to: `{"meta":{"routing":${routing} }}` },
    { from: '{"meta":{"puid":"x"}}', to: `{"meta":{"routing":${routing},"puid":"x"}}` },
    { from: '{"meta":{"routing":{"a":0}}}', to: `{"meta":{"routing":${routing}}}` },
    { from: '{"meta":{"routing":null,"a":1}}', to: `{"meta":{"routing":${routing},"a":1}}` },
    {
      from: ' {\n "data" : {"ndarray":[1.0, 1e400, 12345678901234567890]} ,\t"meta" : {\n} } \r\n',
      to: ` {\n "data" : {"ndarray":[1.0, 1e400, 12345678901234567890]} ,\t"meta" : {"routing":${routing}\n} } \r\n`,
    },
    {
      name: "a meta that is not at the top",
      from: '{"data":{"meta":{}},"meta":{"a":{"routing":1}}}',
      to: `{"data":{"meta":{}},"meta":{"routing":${routing},"a":{"routing":1}}}`,
    },
    {
      name: "strings that look like structure",
      from: '{"strData":"\\"meta\\":{}\\\\","x\\\\":"}","meta":{"a":"]}\\""}}',
      to: `{"strData":"\\"meta\\":{}\\\\","x\\\\":"}","meta":{"routing":${routing},"a":"]}\\""}}`,
    },
    {
      name: "the last of several",
      from: '{"meta":{},"meta":{"routing":1,"routing":2}}',
      to: `{"meta":{},"meta":{"routing":1,"routing":${routing}}}`,
    },
    {
      name: "bytes that are no UTF-8",
      from: '{"s":"ü","meta":{}}',
      to: `{"s":"ü","meta":{"routing":${routing}}}`,
    },
  ])("writes into $from", ({ from, to }) => {
    expect(spliced(from)).toBe(to);
  });

  it("keeps bytes that are no UTF-8", () => {
    const body = Buffer.from('{"s":"\xff\xfe","meta":{}}', "latin1");
    expect(withRouting(body, "1")?.toString("latin1")).toBe(
      '{"s":"\xff\xfe","meta":{"routing":1}}',
    );
  });

  it.each([
    "",
    "{}",
    '{"data":1}',
    '{"data":{"meta":{}}}',
    '{"meta":1}',
    '{"meta":null}',
    '{"meta":[]}',
    '{"meta":"{}"}',
    '{"meta":{},"meta":1}',
    '["meta",{}]',
    '"meta"',
    '[{"meta":{}}]',
    '{"meta":{}} x',
    '{"meta":{}',
    '{"meta":{},}',
    '{"meta":{}"a":1}',
    '{"meta":{},"a"}',
    '{"meta":{},"a":}',
    '{"meta":{},"a":"}',
    '{"meta":{,}}',
    '{"meta" {}}',
    "{'meta':{}}",
    '\ufeff{"meta":{}}',
  ])("leaves %j alone", (text) => {
    expect(spliced(text)).toBeUndefined();
  });

  const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });
  const blank = fc.constantFrom("", " ", "\n\t ", "\r\n");
  /** A message with a meta in any place, written with blanks anywhere between its members. */
  const message = fc
    .record({
      before: fc.dictionary(fc.string(), json),
      meta: fc.oneof(
        fc.dictionary(fc.string(), json),
        fc.record({ routing: json, tags: json }, { requiredKeys: [] }),
        json,
      ),
      after: fc.dictionary(fc.string(), json),
      gaps: fc.array(blank, { minLength: 4, maxLength: 4 }),
      hasMeta: fc.boolean(),
    })
    .map(({ before, meta, after, gaps: [a = "", b = "", c = "", d = ""], hasMeta }) => {
      const members = [
        ...Object.entries(before),
        ...(hasMeta ? [["meta", meta] as const] : []),
        ...Object.entries(after),
      ].map(
        ([key, value]) =>
          `${a}${JSON.stringify(key)}${b}:${c}${JSON.stringify(value, null, d.length)}`,
      );
      return `${d}{${members.join(`${b},`)}${c}}${a}`;
    });

  /** The text is what is left of the other once one stretch is cut out of it. */
  const isSplice = (text: string, longer: string): boolean => {
    let same = 0;
    while (same < text.length && longer[same] === text[same]) same += 1;
    return longer.endsWith(text.slice(same));
  };

  it("sets what parse, set and write would set, and keeps every other byte", () => {
    fc.assert(
      fc.property(message, (text) => {
        const found = JSON.parse(text);
        const { meta } = found;
        const isObject = typeof meta === "object" && meta !== null && !Array.isArray(meta);
        const got = spliced(text);
        if (!isObject) {
          expect(got).toBeUndefined();
          return;
        }
        const want = { ...found, meta: { ...meta, routing: JSON.parse(routing) } };
        expect(JSON.parse(got ?? "")).toEqual(want);
        if (!Object.hasOwn(meta, "routing")) expect(isSplice(text, got ?? "")).toBe(true);
      }),
      { seed: 20_261_122, numRuns: 1000 },
    );
  });

  it("never throws, and makes no JSON of what is none", () => {
    const piece = fc.constantFrom(...'{}[]:,"\\ 1x', '"meta"', '"routing"', "null", "{}");
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((one) => Buffer.from(one)),
      fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.from(pieces.join(""))),
      fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.from(`{"meta":${pieces.join("")}`)),
    );
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(bytes, (one) => {
        const got = withRouting(one, routing);
        return got === undefined || isJson(one.toString()) || !isJson(got.toString());
      }),
      { seed: 20_261_122, numRuns: 5000 },
    );
  });

  it("takes no more than linear time for backslashes and quotes", () => {
    const text = `{"s":"${'\\"'.repeat(200_000)}${"\\\\".repeat(200_000)}","meta":{}}`;
    let got: string | undefined;
    expect(cpuMsOf(() => (got = spliced(text)))).toBeLessThan(1000);
    expect(got).toContain('"routing"');
  });
});
