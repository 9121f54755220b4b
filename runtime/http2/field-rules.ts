/**
 * What a list of fields must be like to be a request, an answer or trailers: kept field by field
 * while a block is decoded, with what each name is kept beside it in the tables of HPACK.
 *
 * Source: RFC 9113, 8.1.1, 8.2 and 8.3.
 */

/** Sorts of names. Pseudo-fields come first, and are told apart by `kind < kinds.plain`. */
export const kinds = {
  unknownPseudo: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  status: 5,
  plain: 6,
  te: 7,
  contentLength: 8,
  host: 9,
  /** Of the connection, thus not in HTTP/2. */
  hopByHop: 10,
  /** Not a name at all. */
  broken: 11,
} as const;

const named = new Map<string, number>([
  [":method", kinds.method],
  [":scheme", kinds.scheme],
  [":authority", kinds.authority],
  [":path", kinds.path],
  [":status", kinds.status],
  ["te", kinds.te],
  ["content-length", kinds.contentLength],
  ["host", kinds.host],
  ["connection", kinds.hopByHop],
  ["proxy-connection", kinds.hopByHop],
  ["keep-alive", kinds.hopByHop],
  ["transfer-encoding", kinds.hopByHop],
  ["upgrade", kinds.hopByHop],
]);

/** A token without capitals. Source: RFC 9110, 5.6.2; RFC 9113, 8.2.1. */
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** What NUL, LF and CR are to a value: ends it never has. Source: RFC 9113, 8.2.1. */
const forbidden = /[\0\r\n]/;

export const kindOf = (name: string): number => {
  const known = named.get(name);
  if (known !== undefined) return known;
  if (name.charCodeAt(0) === 0x3a) return kinds.unknownPseudo;
  return token.test(name) ? kinds.plain : kinds.broken;
};

/**
 * White space around a value is let be, against the letter of 8.2.1: the last of the details in a
 * `grpc-message` may be a space, and gRPC sends it as it is.
 */
export const isValue = (value: string): boolean => !forbidden.test(value);

/** A decoded block. */
export type FieldList = {
  readonly fields: string[];
  /** Counted as the limit of it is: name + value + 32 for each. Source: RFC 9113, 6.5.2. */
  bytes: number;
  /** More than the limit: what came after is not in `fields`. */
  tooLarge: boolean;
  /** What makes it malformed, or undefined. */
  fault: string | undefined;
  /** A bit for each kind of pseudo-field that has come. */
  pseudo: number;
  status: string;
  method: string;
  authority: string | undefined;
  /** -1: not said. */
  contentLength: number;
};

export const makeFieldList = (): FieldList => ({
  fields: [],
  bytes: 0,
  tooLarge: false,
  fault: undefined,
  pseudo: 0,
  status: "",
  method: "",
  authority: undefined,
  contentLength: -1,
});

/** A field as it stands in a table. */
export type Field = {
  readonly name: string;
  readonly value: string;
  readonly kind: number;
  /** Whether the value may be one. */
  readonly valid: boolean;
};

/** Adds a field and marks the list malformed if it must not stand there. */
export const addField = (list: FieldList, field: Field, limitBytes: number): void => {
  const { name, value, kind } = field;
  list.bytes += name.length + value.length + 32;
  if (list.bytes > limitBytes) {
    list.tooLarge = true;
    return;
  }
  if (!field.valid) list.fault ??= "a field has a value with a control character";
  if (kind < kinds.plain) addPseudo(list, field);
  else if (kind > kinds.plain) addSpecial(list, field);
  list.fields.push(name, value);
};

const addPseudo = (list: FieldList, { name, value, kind }: Field): void => {
  const bit = 1 << kind;
  const last = list.fields.at(-2);
  if (kind === kinds.unknownPseudo) list.fault ??= "there is an unknown pseudo-field";
  if ((list.pseudo & bit) !== 0) list.fault ??= `${name} comes twice`;
  if (last !== undefined && last.charCodeAt(0) !== 0x3a) {
    list.fault ??= `${name} comes after a field that is not a pseudo-field`;
  }
  list.pseudo |= bit;
  if (kind === kinds.status) list.status = value;
  else if (kind === kinds.method) list.method = value;
  else if (kind === kinds.authority) list.authority = value;
  else if (kind === kinds.path && value === "") list.fault ??= ":path is empty";
};

const digits = /^[0-9]{1,15}$/;

const addSpecial = (list: FieldList, { name, value, kind }: Field): void => {
  if (kind === kinds.hopByHop) list.fault ??= `${name} has no place in HTTP/2`;
  else if (kind === kinds.broken) list.fault ??= "a field has a name that is none";
  else if (kind === kinds.te && value !== "trailers") list.fault ??= "te is not trailers";
  else if (kind === kinds.host && list.authority !== undefined && list.authority !== value) {
    list.fault ??= "host differs from :authority";
  } else if (kind === kinds.contentLength) {
    const length = digits.test(value) ? Number(value) : -1;
    const again = list.contentLength >= 0 && list.contentLength !== length;
    if (length < 0 || again) list.fault ??= "content-length is not one number";
    list.contentLength = length;
  }
};

const ordinary = (1 << kinds.method) | (1 << kinds.scheme) | (1 << kinds.path);
const authority = 1 << kinds.authority;
const connect = (1 << kinds.method) | authority;

/** Why these cannot be the fields of a request, or undefined. */
export const requestFault = (list: FieldList): string | undefined => {
  if (list.fault !== undefined) return list.fault;
  if (list.method === "CONNECT") {
    return list.pseudo === connect ? undefined : "CONNECT wants :authority alone";
  }
  if ((list.pseudo & ~authority) === ordinary) return undefined;
  return "a request has :method, :scheme and :path, and besides only :authority";
};

const answer = 1 << kinds.status;
const status = /^[1-9][0-9]{2}$/;

export const answerFault = (list: FieldList): string | undefined => {
  if (list.fault !== undefined) return list.fault;
  if (list.pseudo === answer && status.test(list.status) && list.status !== "101") return undefined;
  return "an answer has one :status of three digits, and no other pseudo-field";
};

export const trailersFault = (list: FieldList): string | undefined =>
  list.fault ?? (list.pseudo === 0 ? undefined : "trailers have pseudo-fields");
