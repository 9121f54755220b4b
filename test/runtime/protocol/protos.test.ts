import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import protobuf from "protobufjs";
import { loadProtos, ours, protoFiles } from "./messages.ts";

const fixtures = loadProtos(fileURLToPath(new URL("../../conformance/proto/", import.meta.url)), [
  "seldon.proto",
  "tensor.proto",
  "serving.proto",
  "inference.proto",
]);

/** Every message, enum and service below a namespace. */
const items = (namespace: protobuf.NamespaceBase): readonly protobuf.ReflectionObject[] =>
  namespace.nestedArray.flatMap((item) =>
    item instanceof protobuf.Namespace ? [item, ...items(item)] : [item],
  );

const isOurs = ({ fullName }: protobuf.ReflectionObject): boolean =>
  !fullName.startsWith(".google.");

const messages = (root: protobuf.Root): readonly protobuf.Type[] =>
  items(root)
    .filter(isOurs)
    .filter((item) => item instanceof protobuf.Type);

const typeOf = (field: protobuf.Field): string =>
  (field.resolvedType?.fullName ?? field.type) +
  (field instanceof protobuf.MapField ? ` by ${field.keyType}` : "") +
  (field.repeated ? " repeated" : "") +
  (field.partOf === null ? "" : ` in ${field.partOf.name}`);

const shapeOf = (message: protobuf.Type): Record<string, string> =>
  Object.fromEntries(
    message.fieldsArray.map((field) => [`${field.id} ${field.name}`, typeOf(field)]),
  );

describe("runtime/protocol/proto", () => {
  it.each(protoFiles)("%s is proto3 and parses", (file) => {
    expect(ours.files?.some((path) => path.endsWith(`/${file}`))).toBe(true);
  });

  it.each(messages(fixtures).map((message) => message.fullName))(
    "%s has the fields of the conformance suite's",
    (name) => {
      // The suite leaves out what it does not exercise and keeps some messages opaque.
      const opaque = (shape: Record<string, string>) =>
        Object.fromEntries(
          Object.entries(shape).filter(
            ([, type]) => !type.startsWith(".tensorflow.serving.Opaque"),
          ),
        );
      if (name === ".tensorflow.serving.Opaque") return;
      expect(shapeOf(ours.lookupType(name))).toMatchObject(
        opaque(shapeOf(fixtures.lookupType(name))),
      );
    },
  );

  it.each([
    ["seldon.protos.RequestResponse", ["request 1", "response 2"]],
    [
      "tensorflow.TensorProto",
      [
        "dtype 1",
        "tensor_shape 2",
        "version_number 3",
        "tensor_content 4",
        "float_val 5",
        "double_val 6",
        "int_val 7",
        "string_val 8",
        "scomplex_val 9",
        "int64_val 10",
        "bool_val 11",
        "dcomplex_val 12",
        "half_val 13",
        "resource_handle_val 14",
        "variant_val 15",
        "uint32_val 16",
        "uint64_val 17",
        "float8_val 18",
      ],
    ],
    ["tensorflow.VariantTensorDataProto", ["type_name 1", "metadata 2", "tensors 3"]],
    ["tensorflow.serving.ClassificationRequest", ["model_spec 1", "input 2"]],
    ["tensorflow.serving.ClassificationResponse", ["result 1", "model_spec 2"]],
    ["tensorflow.serving.RegressionRequest", ["model_spec 1", "input 2"]],
    ["tensorflow.serving.RegressionResponse", ["result 1", "model_spec 2"]],
    ["tensorflow.serving.MultiInferenceRequest", ["tasks 1", "input 2"]],
    ["tensorflow.serving.MultiInferenceResponse", ["results 1"]],
    ["tensorflow.serving.Input", ["example_list 1", "example_list_with_context 2"]],
    ["inference.ModelStreamInferResponse", ["error_message 1", "infer_response 2"]],
    [
      "inference.ModelMetadataResponse",
      ["name 1", "versions 2", "platform 3", "inputs 4", "outputs 5", "parameters 6"],
    ],
    [
      "inference.ModelMetadataResponse.TensorMetadata",
      ["name 1", "datatype 2", "shape 3", "parameters 4"],
    ],
    ["inference.RepositoryModelLoadRequest", ["repository_name 1", "model_name 2", "parameters 3"]],
    [
      "inference.RepositoryModelUnloadRequest",
      ["repository_name 1", "model_name 2", "parameters 3"],
    ],
    ["grpc.health.v1.HealthCheckRequest", ["service 1"]],
    ["grpc.health.v1.HealthCheckResponse", ["status 1"]],
    ["grpc.health.v1.HealthListResponse", ["statuses 1"]],
  ])("%s has the numbers of the contract", (name, numbers) => {
    expect(ours.lookupType(name).fieldsArray.map((field) => `${field.name} ${field.id}`)).toEqual(
      numbers,
    );
  });

  it.each([
    [
      "seldon.protos.SeldonMessage",
      "data_oneof",
      ["data", "binData", "strData", "jsonData", "customData"],
    ],
    ["seldon.protos.DefaultData", "data_oneof", ["tensor", "ndarray", "tftensor"]],
    ["inference.InferParameter", "parameter_choice", ["bool_param", "int64_param", "string_param"]],
    ["tensorflow.serving.ModelSpec", "version_choice", ["version", "version_label"]],
  ])("%s has the oneof %s", (name, oneof, members) => {
    expect(ours.lookupType(name).oneofs[oneof]?.oneof).toEqual(members);
  });

  it.each([
    [
      "tensorflow.DataType",
      { DT_FLOAT: 1, DT_STRING: 7, DT_HALF: 19, DT_UINT64: 23, DT_UINT64_REF: 123 },
    ],
    ["seldon.protos.Metric.MetricType", { COUNTER: 0, GAUGE: 1, TIMER: 2 }],
    ["seldon.protos.Status.StatusFlag", { SUCCESS: 0, FAILURE: 1 }],
    [
      "tensorflow.serving.ModelVersionStatus.State",
      { UNKNOWN: 0, START: 10, AVAILABLE: 30, END: 50 },
    ],
    [
      "grpc.health.v1.HealthCheckResponse.ServingStatus",
      { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 },
    ],
  ])("%s has the numbers of the contract", (name, values) => {
    expect(ours.lookupEnum(name).values).toMatchObject(values);
  });

  const methodsOf = (root: protobuf.Root): Record<string, string> =>
    Object.fromEntries(
      items(root)
        .filter((item) => item instanceof protobuf.Service)
        .flatMap((service) =>
          service.methodsArray.map((method) => [
            `${service.fullName.slice(1)}/${method.name}`,
            `${method.resolvedRequestType?.fullName} ${method.resolvedResponseType?.fullName}`,
          ]),
        ),
    );

  it("has every method of the conformance suite, with its messages", () => {
    expect(methodsOf(ours)).toMatchObject(methodsOf(fixtures));
  });

  it("streams where the protocols do, and nowhere else", () => {
    const streaming = items(ours)
      .filter((item) => item instanceof protobuf.Service)
      .flatMap((service) => service.methodsArray)
      .filter(({ requestStream, responseStream }) => requestStream || responseStream)
      .map(({ name, requestStream }) => [name, requestStream === true]);
    expect(streaming).toEqual([
      ["ModelStreamInfer", true],
      ["Watch", false],
    ]);
  });
});
