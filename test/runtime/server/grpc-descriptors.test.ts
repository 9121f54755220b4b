/** Descriptors as strict tools read them: whole names, files that say what they need, entries of maps. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { type Descriptors, loadDescriptors } from "../../../runtime/server/grpc-descriptors.ts";
import { ours, protoFiles } from "../protocol/messages.ts";

type Field = {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
};
type Message = {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
  readonly enumType?: readonly { readonly name: string; readonly value: readonly object[] }[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
};
type File = {
  readonly name: string;
  readonly package: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly Message[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly service?: readonly {
    readonly name: string;
    readonly method: readonly {
      readonly name: string;
      readonly inputType: string;
      readonly outputType: string;
      readonly clientStreaming?: boolean;
      readonly serverStreaming?: boolean;
    }[];
  }[];
  readonly syntax: string;
};

const { FileDescriptorProto } = descriptor;
const decode = (bytes: Buffer): File =>
  // toObject returns what the fields of the message say, which File repeats
  FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes), { enums: String }) as File;

/** Full names of all that a file declares, with a dot before them. */
const declaredIn = ({ package: place, messageType = [], enumType = [] }: File): string[] => {
  const inside = (
    prefix: string,
    { name, nestedType = [], enumType: enums = [] }: Message,
  ): string[] => [
    `${prefix}.${name}`,
    ...nestedType.flatMap((one) => inside(`${prefix}.${name}`, one)),
    ...enums.map((one) => `${prefix}.${name}.${one.name}`),
  ];
  return [
    ...messageType.flatMap((one) => inside(`.${place}`, one)),
    ...enumType.map(({ name }) => `.${place}.${name}`),
  ];
};

const messagesIn = ({ messageType = [] }: File): readonly Message[] => {
  const all = (message: Message): Message[] => [
    message,
    ...(message.nestedType ?? []).flatMap(all),
  ];
  return messageType.flatMap(all);
};

const usedIn = (file: File): readonly string[] => [
  ...messagesIn(file).flatMap(({ field = [] }) => field.flatMap(({ typeName }) => typeName ?? [])),
  ...(file.service ?? []).flatMap(({ method }) =>
    method.flatMap(({ inputType, outputType }) => [inputType, outputType]),
  ),
];

describe("loadDescriptors", () => {
  let descriptors: Descriptors;
  const files = new Map<string, File>();
  beforeAll(async () => {
    descriptors = await loadDescriptors();
    for (const name of protoFiles) {
      for (const bytes of descriptors.file(name) ?? []) {
        const file = decode(bytes);
        files.set(file.name, file);
      }
    }
  });

  it("describes all files and what they import, under the names of imports", () => {
    expect([...files.keys()].sort()).toEqual(
      [
        ...protoFiles,
        ...["any", "empty", "struct", "wrappers"].map((one) => `google/protobuf/${one}.proto`),
      ].sort(),
    );
    expect(new Set([...files.values()].map(({ syntax }) => syntax))).toEqual(new Set(["proto3"]));
  });

  it("gives the file that was asked for first, and then all that it needs", () => {
    const names = (descriptors.file("seldon.proto") ?? []).map((one) => decode(one).name);
    expect(names[0]).toBe("seldon.proto");
    expect(names.slice(1).sort()).toEqual([
      "google/protobuf/any.proto",
      "google/protobuf/empty.proto",
      "google/protobuf/struct.proto",
      "tensor.proto",
    ]);
    expect(descriptors.file("none.proto")).toBeUndefined();
  });

  it("names only types that a file or one of its dependencies declares", () => {
    for (const file of files.values()) {
      const near = [file, ...(file.dependency ?? []).flatMap((name) => files.get(name) ?? [])];
      const known = new Set(near.flatMap(declaredIn));
      expect({ file: file.name, missing: usedIn(file).filter((name) => !known.has(name)) }).toEqual(
        { file: file.name, missing: [] },
      );
    }
  });

  it("has the fields, numbers and kinds of our files", () => {
    const described = [...files.values()].flatMap((file) =>
      messagesIn(file).flatMap(({ field = [], options }) => (options?.mapEntry ? [] : field)),
    );
    const declared = protoFiles.length;
    expect(described.length).toBeGreaterThan(declared * 10);
    for (const file of files.values()) {
      for (const message of file.messageType ?? []) {
        const type = ours.lookupType(`${file.package}.${message.name}`);
        expect((message.field ?? []).map(({ name, number }) => [name, number])).toEqual(
          type.fieldsArray.map(({ name, id }) => [name, id]),
        );
        expect((message.oneofDecl ?? []).map(({ name }) => name)).toEqual(
          type.oneofsArray.map(({ name }) => name),
        );
      }
    }
  });

  it("writes a map as a list of entries with the name that protoc gives them", () => {
    const seldon = files.get("seldon.proto");
    const meta = seldon?.messageType?.find(({ name }) => name === "Meta");
    expect(meta?.nestedType?.map(({ name }) => name)).toEqual([
      "TagsEntry",
      "RoutingEntry",
      "RequestPathEntry",
    ]);
    expect(meta?.field?.[1]).toMatchObject({
      name: "tags",
      label: "LABEL_REPEATED",
      type: "TYPE_MESSAGE",
      typeName: ".seldon.protos.Meta.TagsEntry",
    });
    expect(meta?.nestedType?.[0]).toEqual({
      name: "TagsEntry",
      field: [
        { name: "key", number: 1, label: "LABEL_OPTIONAL", type: "TYPE_STRING" },
        {
          name: "value",
          number: 2,
          label: "LABEL_OPTIONAL",
          type: "TYPE_MESSAGE",
          typeName: ".google.protobuf.Value",
        },
      ],
      options: { mapEntry: true },
    });
  });

  it("tells which methods stream", () => {
    const [service] = files.get("open_inference.proto")?.service ?? [];
    const streaming = service?.method.filter(({ clientStreaming }) => clientStreaming);
    expect(streaming).toEqual([
      {
        name: "ModelStreamInfer",
        inputType: ".inference.ModelInferRequest",
        outputType: ".inference.ModelStreamInferResponse",
        clientStreaming: true,
        serverStreaming: true,
      },
    ]);
  });

  it.each([
    ["seldon.protos.Seldon", "seldon.proto"],
    ["seldon.protos.Seldon.Predict", "seldon.proto"],
    ["seldon.protos.Metric.MetricType", "seldon.proto"],
    ["seldon.protos.SeldonMessage.jsonData", "seldon.proto"],
    ["inference.ModelInferRequest.InferInputTensor", "open_inference.proto"],
    ["tensorflow.DataType", "tensor.proto"],
    ["google.protobuf.Value", "google/protobuf/struct.proto"],
    ["grpc.health.v1.Health", "health.proto"],
    ["seldon.protos", undefined],
    ["", undefined],
  ])("finds %s in %s", (symbol, file) => {
    expect(descriptors.fileOf(symbol)).toBe(file);
  });
});
