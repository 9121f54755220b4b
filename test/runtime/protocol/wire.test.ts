import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import protobuf from "protobufjs";
import { EngineError } from "../../../runtime/errors.ts";
import {
  embedded,
  fields,
  mapEntries,
  readVarint,
  slice,
  textOf,
  whole,
} from "../../../runtime/protocol/wire.ts";
import { firstOf, numberOf, numbersOf, scalars } from "../../../runtime/protocol/wire-scalar.ts";
import {
  doubleField,
  doublesField,
  integersField,
  lengthField,
  textField,
  varint,
  varintField,
} from "../../../runtime/protocol/wire-write.ts";
import { codeOf } from "./outcome.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const walk = (bytes: Buffer) => [...fields(bytes)];

describe("fields", () => {
  it("finds number, wire type and value of each field", () => {
    // 1: 150, 2: "hi", 3: double 1, 4: float 1
    const bytes = hex("089601 12026869 19000000000000f03f 250000803f");
    expect(
      walk(bytes).map(({ number, wire, tag, start, end }) => [number, wire, tag, start, end]),
    ).toEqual([
      [1, 0, 0, 1, 3],
      [2, 2, 3, 5, 7],
      [3, 1, 7, 8, 16],
      [4, 5, 16, 17, 21],
    ]);
  });

  it.each([
    { name: "a varint that is cut off", bytes: "0880" },
    { name: "a tag that is cut off", bytes: "80" },
    { name: "a varint of 11 bytes", bytes: "08 ffffffffffffffffffffff 00" },
    { name: "a varint of more than 64 bits", bytes: "08 ffffffffffffffffff02" },
    { name: "a length beyond the end", bytes: "1205 6869" },
    { name: "a length of 64 bits", bytes: "12 ffffffffffffffffff01 00" },
    { name: "a double that is cut off", bytes: "19000000" },
    { name: "a float that is cut off", bytes: "250000" },
    { name: "field number 0", bytes: "0001" },
    { name: "a field number beyond 2^29 - 1", bytes: "808080808001 01" },
    { name: "the start of a group", bytes: "0b" },
    { name: "the end of a group", bytes: "0c" },
    { name: "wire type 6", bytes: "0e" },
    { name: "wire type 7", bytes: "0f" },
  ])("refuses $name", ({ bytes }) => {
    expect(codeOf(() => walk(hex(bytes)))).toBe("MESSAGE_UNREADABLE");
  });

  it("stays inside the span it is given", () => {
    const bytes = hex("1202 0880 01");
    const [field] = walk(bytes.subarray(0, 4));
    expect(field).toBeDefined();
    expect(codeOf(() => [...fields(bytes, { start: 2, end: 4 })])).toBe("MESSAGE_UNREADABLE");
  });

  it("throws nothing but EngineError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
        const bytes = Buffer.from(random);
        const readers = [
          () => walk(bytes),
          () => embedded(bytes, 1),
          () => mapEntries(bytes, 1),
          () => textOf(bytes, 2),
          ...Object.values(scalars).flatMap((scalar) => [
            () => numbersOf(bytes, 1, scalar),
            () => firstOf(bytes, 1, scalar),
            () => numberOf(bytes, 1, scalar),
          ]),
        ];
        for (const read of readers) {
          try {
            read();
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(EngineError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("embedded", () => {
  it("puts the parts of a message together", () => {
    const bytes = hex("0a020801 1001 0a021002");
    expect(embedded(bytes, 1)?.toString("hex")).toBe("08011002");
  });

  it("is ended by another member of its oneof", () => {
    const bytes = hex("0a020801 1200 0a021002");
    expect(embedded(bytes, 1, [2])?.toString("hex")).toBe("1002");
    expect(embedded(bytes.subarray(0, 6), 1, [2])).toBeUndefined();
  });
});

const sampleType = protobuf
  .parse(`
  syntax = "proto3";
  message Sample {
    bool b = 1; int32 i = 2; int64 l = 3; uint32 u = 4; uint64 v = 5; float f = 6; double d = 7;
    repeated double ds = 8; repeated int32 is = 9; repeated double loose = 10 [packed = false];
    repeated int64 ls = 11; string s = 12; map<string, int32> m = 13; Sample sub = 14;
    repeated int32 looseInts = 15 [packed = false];
  }`)
  .root.lookupType("Sample");

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const double = fc.double({ noNaN: true });
const text = fc.string({ unit: "grapheme" });

describe("reading and writing", () => {
  it("reads what protobufjs writes", () => {
    const sample = fc.record({
      b: fc.boolean(),
      i: int32,
      l: fc.maxSafeInteger(),
      u: fc.nat(),
      v: fc.nat(Number.MAX_SAFE_INTEGER),
      f: fc.float({ noNaN: true }),
      d: double,
      ds: fc.array(double),
      is: fc.array(int32),
      loose: fc.array(double),
      looseInts: fc.array(int32),
      ls: fc.array(fc.maxSafeInteger()),
      s: text,
      m: fc.dictionary(text, int32),
    });
    fc.assert(
      fc.property(sample, (value) => {
        const bytes = Buffer.from(sampleType.encode(sampleType.fromObject(value)).finish());
        expect(numberOf(bytes, 1, scalars.bool) ?? 0).toBe(value.b ? 1 : 0);
        expect(numberOf(bytes, 2, scalars.int32) ?? 0).toBe(value.i);
        expect((numberOf(bytes, 3, scalars.int64) ?? 0) + 0).toBe(value.l + 0);
        expect(numberOf(bytes, 4, scalars.uint32) ?? 0).toBe(value.u);
        expect(numberOf(bytes, 5, scalars.uint64) ?? 0).toBe(value.v);
        expect((numberOf(bytes, 6, scalars.float) ?? 0) + 0).toBe(value.f + 0);
        expect((numberOf(bytes, 7, scalars.double) ?? 0) + 0).toBe(value.d + 0);
        expect(numbersOf(bytes, 8, scalars.double)).toEqual(value.ds);
        expect(numbersOf(bytes, 9, scalars.int32)).toEqual(value.is);
        expect(numbersOf(bytes, 10, scalars.double)).toEqual(value.loose);
        expect(numbersOf(bytes, 11, scalars.int64)).toEqual(value.ls);
        expect(numbersOf(bytes, 15, scalars.int32)).toEqual(value.looseInts);
        expect(firstOf(bytes, 8, scalars.double)).toBe(value.ds[0]);
        expect(firstOf(bytes, 15, scalars.int32)).toBe(value.looseInts[0]);
        expect(textOf(bytes, 12)).toBe(value.s);
        expect(
          Object.fromEntries(
            mapEntries(bytes, 13).map(({ key, entry }) => [
              key,
              numberOf(entry, 2, scalars.int32) ?? 0,
            ]),
          ),
        ).toEqual({ ...value.m });
      }),
    );
  });

  it("writes what protobufjs reads", () => {
    const sample = fc.record({
      i: int32,
      l: fc.maxSafeInteger(),
      d: double,
      ds: fc.array(double),
      is: fc.array(int32),
      s: text,
    });
    const empty = { ds: [], is: [], loose: [], ls: [], looseInts: [] };
    fc.assert(
      fc.property(sample, ({ i, l, d, ds, is, s }) => {
        const inner = [...varintField(2, i), ...varintField(3, l), doubleField(7, d)];
        const bytes = Buffer.concat([
          ...lengthField(14, inner),
          ...doublesField(8, ds),
          ...integersField(9, is),
          ...textField(12, s),
        ]);
        const read = sampleType.toObject(sampleType.decode(bytes), { longs: Number, arrays: true });
        expect(read).toEqual({ ...empty, sub: { ...empty, i, l: l + 0, d }, ds, is, s });
      }),
    );
  });

  it("writes negative integers as 10 bytes", () => {
    expect(varint(-1).toString("hex")).toBe("ffffffffffffffffff01");
    expect(varint(-2147483648).toString("hex")).toBe("80808080f8ffffffff01");
  });

  it("reads back every varint it writes", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = varint(value);
        expect(scalars.int64.read(bytes, whole(bytes))).toBe(value);
        expect(readVarint(bytes, whole(bytes)).end).toBe(bytes.length);
      }),
    );
  });

  it("gives a field's bytes without copying", () => {
    const bytes = hex("12026869");
    const [field] = walk(bytes);
    expect(field && slice(bytes, field).toString()).toBe("hi");
    expect(field && slice(bytes, field).buffer).toBe(bytes.buffer);
  });
});
