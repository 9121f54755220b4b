/**
 * Messages and services as google.protobuf.FileDescriptorProto.
 *
 * Source: google/protobuf/descriptor.proto; the names that protoc gives to the entries of maps.
 */
import type { Enum, FieldBase, MapField, Method, Service, Type } from "protobufjs";
import { lengthField, type Pieces, textField, varintField } from "../protocol/wire-write.ts";

export type DescribedFile = {
  readonly name: string;
  readonly package: string;
  /** Names of files that declare what this one uses. */
  readonly needs: ReadonlySet<string>;
  readonly messages: readonly Type[];
  readonly enums: readonly Enum[];
  readonly services: readonly Service[];
};

const message = (number: number, pieces: readonly Pieces[]): Pieces =>
  lengthField(number, pieces.flat());

export const fileDescriptor = (file: DescribedFile): Buffer => {
  const pieces: readonly Pieces[] = [
    textField(1, file.name),
    textField(2, file.package),
    ...[...file.needs].map((need) => textField(3, need)),
    ...file.messages.map((one) => message(4, typePieces(one))),
    ...file.enums.map((one) => message(5, enumPieces(one))),
    ...file.services.map((one) => message(6, servicePieces(one))),
    textField(12, "proto3"),
  ];
  return Buffer.concat(pieces.flat());
};

const isEnum = (one: object): one is Enum => "values" in one;
const isMap = (field: FieldBase): field is MapField => field.map;
const mapsOf = (all: readonly FieldBase[]): readonly MapField[] => all.filter(isMap);

const typePieces = ({ name, fieldsArray, nestedArray, oneofsArray }: Type): readonly Pieces[] => [
  textField(1, name),
  ...fieldsArray.map((field) => {
    const oneof = field.partOf === null ? -1 : oneofsArray.indexOf(field.partOf);
    return message(2, fieldPieces(field, oneof));
  }),
  ...mapsOf(fieldsArray).map((field) => message(3, entryPieces(field))),
  ...nestedArray.map((one) =>
    // A message of ours nests nothing else.
    isEnum(one) ? message(4, enumPieces(one)) : message(3, typePieces(one as Type)),
  ),
  ...oneofsArray.map((oneof) => message(8, [textField(1, oneof.name)])),
];

/** Numbers of FieldDescriptorProto.Type; 11 and 14 are messages and enums. */
const scalars = new Map(
  Object.entries({
    double: 1,
    float: 2,
    int64: 3,
    uint64: 4,
    int32: 5,
    fixed64: 6,
    fixed32: 7,
    bool: 8,
    string: 9,
    bytes: 12,
    uint32: 13,
    sfixed32: 15,
    sfixed64: 16,
    sint32: 17,
    sint64: 18,
  }),
);
const ofMessage = 11;
const ofEnum = 14;
const optional = 1;
const repeated = 3;

/** "raw_contents" is of entries "RawContentsEntry". */
const entryName = ({ name }: FieldBase): string =>
  `${name.replace(/(?:^|_)([a-z0-9])/g, (_whole, first: string) => first.toUpperCase())}Entry`;

const fieldPieces = (field: FieldBase, oneof: number): readonly Pieces[] => [
  textField(1, field.name),
  varintField(3, field.id),
  varintField(4, field.repeated || field.map ? repeated : optional),
  ...(field.map
    ? [varintField(5, ofMessage), textField(6, `${field.parent?.fullName}.${entryName(field)}`)]
    : typeOf(field)),
  ...(oneof < 0 ? [] : [varintField(9, oneof)]),
];

const typeOf = ({ type, resolvedType }: FieldBase): readonly Pieces[] => {
  if (resolvedType === null) return [varintField(5, scalars.get(type) ?? ofMessage)];
  return [
    varintField(5, isEnum(resolvedType) ? ofEnum : ofMessage),
    textField(6, resolvedType.fullName),
  ];
};

/** The message of a map's entries. */
const entryPieces = (field: MapField): readonly Pieces[] => [
  textField(1, entryName(field)),
  message(2, [
    textField(1, "key"),
    varintField(3, 1),
    varintField(4, optional),
    varintField(5, scalars.get(field.keyType) ?? 0),
  ]),
  message(2, [
    textField(1, "value"),
    varintField(3, 2),
    varintField(4, optional),
    ...typeOf(field),
  ]),
  message(7, [varintField(7, 1)]), // map_entry
];

const enumPieces = ({ name, values }: Enum): readonly Pieces[] => [
  textField(1, name),
  ...Object.entries(values).map(([value, number]) =>
    message(2, [textField(1, value), varintField(2, number)]),
  ),
];

const servicePieces = ({ name, methodsArray }: Service): readonly Pieces[] => [
  textField(1, name),
  ...methodsArray.map((method) => message(2, methodPieces(method))),
];

const methodPieces = (method: Method): readonly Pieces[] => [
  textField(1, method.name),
  textField(2, method.resolvedRequestType?.fullName ?? ""),
  textField(3, method.resolvedResponseType?.fullName ?? ""),
  ...(method.requestStream ? [varintField(5, 1)] : []),
  ...(method.responseStream ? [varintField(6, 1)] : []),
];
