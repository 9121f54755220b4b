/** Our .proto files as compiled descriptors, from which tools learn messages and services. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Enum, NamespaceBase, ReflectionObject, Root, Service, Type } from "protobufjs";
import { type DescribedFile, fileDescriptor } from "./descriptor-proto.ts";

export type Descriptors = {
  /** A FileDescriptorProto and those of all that it needs, by file name. */
  file(name: string): readonly Buffer[] | undefined;
  /** The name of the file that declares a message, enum, service, method or field. */
  fileOf(symbol: string): string | undefined;
  /** It is the full name of a message. */
  isMessage(symbol: string): boolean;
};

type Library = typeof import("protobufjs");
type Declared = Type | Enum | Service;

const folder = fileURLToPath(new URL("../protocol/proto/", import.meta.url));

/** Reading the files costs more than the rest of a start: to be called when a tool asks. */
export const loadDescriptors = async (): Promise<Descriptors> => {
  const { default: protobuf } = await import("protobufjs");
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith("google/") ? target : folder + target);
  const names = readdirSync(folder).filter((name) => name.endsWith(".proto"));
  root.loadSync(names, { keepCase: true });
  root.resolveAll();
  nameGoogles(root, protobuf);
  const declared = declaredIn(root, protobuf);
  const files = group(declared, protobuf);
  const bytes = new Map([...files].map(([name, file]) => [name, fileDescriptor(file)]));
  const symbols = new Map(
    declared.flatMap((one) => symbolsOf(one, protobuf).map((name) => [name, placeOf(one)])),
  );
  const messages = new Set(
    declared.filter((one) => one instanceof protobuf.Type).map(({ fullName }) => fullName.slice(1)),
  );
  const withNeeds = (name: string, known = new Set<string>()): Set<string> => {
    known.add(name);
    for (const need of files.get(name)?.needs ?? []) if (!known.has(need)) withNeeds(need, known);
    return known;
  };
  return {
    file: (name) =>
      files.has(name) ? [...withNeeds(name)].flatMap((one) => bytes.get(one) ?? []) : undefined,
    fileOf: (symbol) => symbols.get(symbol),
    isMessage: (symbol) => messages.has(symbol),
  };
};

/** Google's own files come with the library, which forgets their names. */
const nameGoogles = (root: Root, { common }: Library): void => {
  const places = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];
  for (const place of places) {
    const file = `google/protobuf/${place}.proto`;
    const json: Nested | undefined = common.get(file) ?? undefined;
    for (const name of Object.keys(json?.nested?.google?.nested?.protobuf?.nested ?? {})) {
      const found = root.lookup(`google.protobuf.${name}`);
      if (found !== null) found.filename = file;
    }
  }
};

/** The library's own form of Google's files. */
type Nested = {
  readonly nested?: {
    readonly google?: { readonly nested?: { readonly protobuf?: { readonly nested?: object } } };
  };
};

/** All declarations, those within messages too. */
const declaredIn = (place: NamespaceBase, library: Library): readonly Declared[] =>
  place.nestedArray.flatMap((one) => [
    ...(isDeclared(one, library) ? [one] : []),
    ...(one instanceof library.Namespace ? declaredIn(one, library) : []),
  ]);

const isDeclared = (one: ReflectionObject, { Type, Enum, Service }: Library): one is Declared =>
  one instanceof Type || one instanceof Enum || one instanceof Service;

/** The name of the file, as imports write it. */
const placeOf = ({ filename, parent }: ReflectionObject): string => {
  if (!filename) return parent === null ? "" : placeOf(parent);
  return filename.startsWith(folder) ? filename.slice(folder.length) : filename;
};

const group = (
  declared: readonly Declared[],
  library: Library,
): ReadonlyMap<string, DescribedFile> => {
  const names = new Set(declared.map(placeOf));
  return new Map(
    [...names].map((name) => {
      const inside = declared.filter((one) => placeOf(one) === name);
      const top = inside.filter(({ parent }) => !(parent instanceof library.Type));
      const needs = new Set(inside.flatMap((one) => usedBy(one, library)).map(placeOf));
      needs.delete(name);
      return [
        name,
        {
          name,
          needs,
          package: top[0]?.parent?.fullName.slice(1) ?? "",
          messages: top.filter((one) => one instanceof library.Type),
          enums: top.filter((one) => one instanceof library.Enum),
          services: top.filter((one) => one instanceof library.Service),
        },
      ];
    }),
  );
};

const symbolsOf = (declared: Declared, { Type, Service }: Library): readonly string[] => {
  const own = declared.fullName.slice(1);
  const inside =
    declared instanceof Type
      ? declared.fieldsArray
      : declared instanceof Service
        ? declared.methodsArray
        : [];
  return [own, ...inside.map(({ name }) => `${own}.${name}`)];
};

const usedBy = (declared: Declared, { Type, Service }: Library): readonly Declared[] => {
  if (declared instanceof Type) {
    return declared.fieldsArray.flatMap(({ resolvedType }) => resolvedType ?? []);
  }
  if (!(declared instanceof Service)) return [];
  return declared.methodsArray.flatMap(({ resolvedRequestType, resolvedResponseType }) =>
    [resolvedRequestType, resolvedResponseType].flatMap((type) => type ?? []),
  );
};
