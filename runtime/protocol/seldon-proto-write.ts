/** SeldonMessages over gRPC made of numbers. Source: engine contract, 4.2. */
import type { NumericView } from "../nodes/view.ts";
import { type Numbers, unfit } from "./nested.ts";
import type { DataForm } from "./protocol.ts";
import { dataOf, type Form, formOf, forms } from "./seldon-proto-view.ts";
import { tensorProto } from "./tensor-proto.ts";
import { embedded, type Field, fields, LENGTH, textOf, wholeField } from "./wire.ts";
import {
  doublesField,
  integersField,
  lengthField,
  mergedMap,
  type Pieces,
  textField,
} from "./wire-write.ts";

/**
 * A message that holds the view's numbers: in the form `form`, else in that of the first of `like`.
 * Tags and request paths of all of `like` are merged, the later one wins; metrics are put one
 * after the other; the puid is the first one's. Source: engine contract, 11.5 (aggregate).
 */
export const writeView = (
  view: NumericView,
  like: readonly Buffer[],
  form: DataForm | undefined,
): Pieces => {
  const data = like[0] && dataOf(like[0]);
  const chosen = form ?? (data && formOf(data)) ?? "ndarray";
  const metas = like.flatMap((message) => embedded(message, 2) ?? []);
  return [
    ...lengthField(2, mergeMeta(metas)),
    ...lengthField(3, [
      ...view.names.flatMap((name) => textField(1, name)),
      ...lengthField(forms[chosen], writeForm(view, chosen)),
    ]),
  ];
};

const writeForm = (view: Numbers, form: Form): Pieces => {
  switch (form) {
    case "tensor":
      return [...integersField(1, view.shape), ...doublesField(2, view.values)];
    case "ndarray":
      return listPieces(view.values, view.shape);
    case "tftensor":
      return tensorProto(view);
  }
};

const mostEmptyRows = 1000;

const listPieces = (values: readonly number[], shape: readonly number[]): Pieces => {
  const [rows, ...inner] = shape;
  if (rows === undefined || inner.length === 0) return [rowOf(values)];
  const size = inner.reduce((product, length) => product * length, 1);
  // A shape is cheap to write: lists without a single value are not made by the million.
  if (size === 0 && rows > mostEmptyRows) throw unfit(`its shape [${shape}] has only empty rows`);
  return Array.from({ length: rows }, (_, i) =>
    lengthField(1, lengthField(6, listPieces(values.slice(i * size, (i + 1) * size), inner))),
  ).flat();
};

/** A Value with a number: 1: {2: double}. */
const numberHead = Buffer.from([0x0a, 0x09, 0x11]);
const numberSize = numberHead.length + 8;

/** The values of a ListValue. */
export const rowOf = (values: readonly number[]): Buffer => {
  const row = Buffer.allocUnsafe(values.length * numberSize);
  values.forEach((value, i) => {
    numberHead.copy(row, i * numberSize);
    row.writeDoubleLE(value, i * numberSize + numberHead.length);
  });
  return row;
};

const mergeMeta = (metas: readonly Buffer[]): Pieces => {
  const puid = metas.map((meta) => textOf(meta, 1)).find((one) => one !== "");
  return [
    ...(puid === undefined ? [] : textField(1, puid)),
    ...mergedMap(metas, 2), // tags
    ...mergedMap(metas, 4), // requestPath
    ...metas.flatMap((meta) => all(meta, 5)), // metrics
  ];
};

const all = (bytes: Buffer, number: number): Pieces => {
  const found: Buffer[] = [];
  for (const field of fields(bytes))
    if (isField(field, number)) found.push(wholeField(bytes, field));
  return found;
};

const isField = (field: Field, number: number): boolean =>
  field.number === number && field.wire === LENGTH;
