import { ALL } from "../engine/node.ts";
import { routeInProto } from "./route-reply.ts";
import type { Span } from "./span.ts";
import { embedded, FIXED64, type Field, fields, LENGTH, whole } from "./wire.ts";
import { firstOf, scalars } from "./wire-scalar.ts";

/**
 * The route in a router's SeldonMessage: only the first value counts, truncated toward zero; one
 * that is no number counts as 0, and `data` without a payload as ALL.
 *
 * @throws {EngineError} ROUTE_UNREADABLE. Source: engine contract, 6.4.
 */
export const seldonRoute = (answer: Buffer): number =>
  routeInProto(answer, () => {
    const data = embedded(answer, 3, [4, 5, 6, 7]);
    return data && inData(data);
  });

const inData = (data: Buffer): number | undefined => {
  let form: number | undefined;
  for (const { number, wire } of fields(data)) {
    if (number >= 2 && number <= 4 && wire === LENGTH) form = number;
  }
  if (form === undefined) return ALL;
  const payload = embedded(
    data,
    form,
    [2, 3, 4].filter((one) => one !== form),
  );
  if (payload === undefined) return undefined;
  if (form === 2) return firstOf(payload, 2, scalars.double);
  if (form === 4) return firstOf(payload, 7, scalars.int32);
  return inList(payload);
};

/** `[n, …]` or `[[n, …], …]`, as a google.protobuf.ListValue. */
const inList = (list: Buffer): number | undefined => {
  const first = firstValue(list, whole(list));
  const isRow = first?.member?.number === listValue;
  const value = isRow ? firstValue(list, first.member) : first;
  return value && leaf(list, value.member);
};

/** Members of google.protobuf.Value. */
const numberValue = 2;
const listValue = 6;

/** What the first value of a ListValue is: the last member of its `oneof` that is written, if any is. */
const firstValue = (
  bytes: Buffer,
  list: Span,
): { readonly member: Field | undefined } | undefined => {
  for (const value of fields(bytes, list)) {
    if (value.number !== 1 || value.wire !== LENGTH) continue;
    let member: Field | undefined;
    for (const field of fields(bytes, value)) if (field.number <= listValue) member = field;
    return { member };
  }
  return undefined;
};

const leaf = (bytes: Buffer, member: Field | undefined): number => {
  const isNumber = member?.number === numberValue && member.wire === FIXED64;
  return isNumber ? scalars.double.read(bytes, member) : 0;
};
