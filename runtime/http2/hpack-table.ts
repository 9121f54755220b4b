/** The table of fields that a peer fills and names by number. Source: RFC 7541, 2.3.2 and 4. */
import { type Field, kindOf } from "./field-rules.ts";
import { staticCount, staticNames, staticValues } from "./static-table.ts";

export const entryOverheadBytes = 32;

export type FieldTable = {
  /** A ring of a power of two; the newest is before `next`. */
  ring: (Field | undefined)[];
  next: number;
  count: number;
  bytes: number;
  maxBytes: number;
  /** Grows with every change: what was decoded at another version may decode differently now. */
  version: number;
};

const smallestRing = 16;

export const makeFieldTable = (maxBytes: number): FieldTable => ({
  ring: new Array<Field | undefined>(smallestRing).fill(undefined),
  next: 0,
  count: 0,
  bytes: 0,
  maxBytes,
  version: 0,
});

const staticFields: readonly Field[] = staticNames.map((name, number) => ({
  name,
  value: staticValues[number] ?? "",
  kind: kindOf(name),
  valid: true,
}));

/** The field of this number, or undefined if there is none. */
export const fieldAt = (table: FieldTable, number: number): Field | undefined => {
  if (number <= staticCount) return number === 0 ? undefined : staticFields[number];
  const back = number - staticCount;
  return back > table.count ? undefined : table.ring[(table.next - back) & (table.ring.length - 1)];
};

const sizeOf = (field: Field): number =>
  field.name.length + field.value.length + entryOverheadBytes;

export const insertField = (table: FieldTable, field: Field): void => {
  table.version += 1;
  const bytes = sizeOf(field);
  evict(table, table.maxBytes - bytes);
  if (bytes > table.maxBytes) return; // empties the table, and that is no fault
  if (table.count === table.ring.length) widen(table);
  table.ring[table.next] = field;
  table.next = (table.next + 1) & (table.ring.length - 1);
  table.count += 1;
  table.bytes += bytes;
};

export const resizeTable = (table: FieldTable, maxBytes: number): void => {
  table.version += 1;
  table.maxBytes = maxBytes;
  evict(table, maxBytes);
};

/** Drops the oldest until no more than `bytes` are left. */
const evict = (table: FieldTable, bytes: number): void => {
  while (table.count > 0 && table.bytes > bytes) {
    const place = (table.next - table.count) & (table.ring.length - 1);
    const oldest = table.ring[place];
    table.ring[place] = undefined;
    table.count -= 1;
    table.bytes -= oldest === undefined ? 0 : sizeOf(oldest);
  }
};

const widen = (table: FieldTable): void => {
  const { ring, next, count } = table;
  const wider = new Array<Field | undefined>(2 * ring.length).fill(undefined);
  for (let i = 0; i < count; i += 1) wider[i] = ring[(next - count + i) & (ring.length - 1)];
  table.ring = wider;
  table.next = count;
};
