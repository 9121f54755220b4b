/** A message as a table: the number of a field, and its name and kind in proto3 JSON. */

export type Scalar = "string" | "bytes" | "bool" | "float" | "double" | Whole;
export type Whole = "int32" | "int64" | "uint32" | "uint64";

export type Kind =
  | Scalar
  /** google.protobuf.Value and ListValue: any JSON, and a list of it. */
  | "value"
  | "list"
  | { readonly words: Readonly<Record<string, number>> }
  | { readonly message: Schema };

export type FieldSpec = {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  /** Once if absent; a map has strings as keys. */
  readonly many?: "list" | "map";
  /** Of fields with the same word here a message holds one. */
  readonly oneof?: string;
};

export type Schema = {
  /** Full name, for messages to people. */
  readonly type: string;
  readonly byNumber: ReadonlyMap<number, FieldSpec>;
  readonly byName: ReadonlyMap<string, FieldSpec>;
};

type Rest = Pick<FieldSpec, "many" | "oneof">;
export type Row = readonly [number: number, name: string, kind: Kind, rest?: Rest];

export const schema = (type: string, rows: readonly Row[]): Schema => {
  const specs = rows.map(([number, name, kind, rest]) => ({ number, name, kind, ...rest }));
  return {
    type,
    byNumber: new Map(specs.map((spec) => [spec.number, spec])),
    byName: new Map(specs.map((spec) => [spec.name, spec])),
  };
};

/** Of a field that is there any number of times, and of a map with strings as keys. */
export const list = { many: "list" } as const;
export const map = { many: "map" } as const;
