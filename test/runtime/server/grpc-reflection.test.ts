/** Reflection of a running engine, as a tool would use it that knows no .proto file. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";
import { describe, expect, it } from "@jest/globals";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, type Engine, openEngine } from "../../contract/engine.ts";
import { openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";
import { framed, openH2, outcomeOf } from "../../contract/http2.ts";

const later = closeAfterEach();

type Version = "v1" | "v1alpha";
const versions: readonly Version[] = ["v1", "v1alpha"];

/** What the tests ask, and the parts of the answer that they look at. */
type Asked = Readonly<Record<string, string>>;
type Answered = {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly error_response?: { readonly error_code: number };
};
type Stream = ClientDuplexStream<Asked, Answered>;

const packageRoot = dirname(
  createRequire(import.meta.url).resolve("@grpc/reflection/package.json"),
);
const protoOf = (version: Version): string =>
  join(packageRoot, "build", "proto", "grpc", "reflection", version, "reflection.proto");

/** A client class of a package definition, by the full name of its service. */
const clientOf = (
  definition: ReturnType<typeof loadSync>,
  service: string,
): ServiceClientConstructor => {
  const found = service
    .split(".")
    .reduce<unknown>(
      (at, part) => (at as Record<string, unknown>)[part],
      loadPackageDefinition(definition),
    );
  return found as ServiceClientConstructor; // that is what a service becomes
};

const reflect = (engine: Engine, version: Version): Stream => {
  const definition = loadSync(protoOf(version), { keepCase: true });
  const Client = clientOf(definition, `grpc.reflection.${version}.ServerReflection`);
  const client = new Client(`127.0.0.1:${engine.grpcPort}`, credentials.createInsecure());
  const stream: Stream = client["ServerReflectionInfo"]?.();
  stream.on("error", () => {}); // "status" tells
  later(() => {
    stream.cancel();
    client.close();
  });
  return stream;
};

const ask = async (stream: Stream, asked: Asked): Promise<Answered> => {
  stream.write(asked);
  const [answer] = (await once(stream, "data")) as [Answered]; // as the .proto says
  return answer;
};

const graph = { name: "m", implementation: "SIMPLE_MODEL" };
const protocols = [
  { protocol: "seldon", own: ["seldon.protos.Seldon"] },
  { protocol: "v2", own: ["inference.GRPCInferenceService"] },
  {
    protocol: "tensorflow",
    own: ["tensorflow.serving.ModelService", "tensorflow.serving.PredictionService"],
  },
];
const rows = protocols.flatMap((one) => versions.map((version) => ({ ...one, version })));

describe("ServerReflection", () => {
  it.each(rows)("of $version lists the services of $protocol", async (row) => {
    const engine = await openEngine(later, graph, { protocol: row.protocol });
    const stream = reflect(engine, row.version);
    const { list_services_response: list } = await ask(stream, { list_services: "*" });
    const names = (list?.service ?? []).map(({ name }) => name).sort();
    expect(names).toEqual(["grpc.health.v1.Health", ...row.own].sort());
  });

  it("describes what a client needs to call Predict", async () => {
    const host = await openGrpcHost(later, {
      unary: { "/seldon.protos.Model/Predict": ({ body }) => body },
    });
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) });
    const stream = reflect(engine, "v1");
    const { file_descriptor_response: files } = await ask(stream, {
      file_containing_symbol: "seldon.protos.Seldon",
    });
    const set = (files?.file_descriptor_proto ?? []).map((file) => {
      const head = [0x0a];
      for (let left = file.length; ; left >>= 7) {
        if (left < 0x80) {
          head.push(left);
          break;
        }
        head.push((left & 0x7f) | 0x80);
      }
      return Buffer.concat([Buffer.from(head), file]);
    });
    const definition = loadFileDescriptorSetFromBuffer(Buffer.concat(set), { keepCase: true });
    const Client = clientOf(definition, "seldon.protos.Seldon");
    const client = new Client(`127.0.0.1:${engine.grpcPort}`, credentials.createInsecure());
    later(() => client.close());
    const message = { data: { names: ["a"], tensor: { shape: [2], values: [0.5, 1e300] } } };
    const answer = await new Promise((resolve, reject) => {
      client["Predict"]?.(message, (error: Error | null, given: unknown) =>
        error === null ? resolve(given) : reject(error),
      );
    });
    expect(answer).toMatchObject(message);
  });

  it("says what it does not know, and answers on", async () => {
    const engine = await openEngine(later, graph);
    const stream = reflect(engine, "v1");
    const unknown = await ask(stream, { file_containing_symbol: "no.such.Thing" });
    expect(unknown.error_response?.error_code).toBe(grpcCodes.NOT_FOUND);
    const types = await ask(stream, { all_extension_numbers_of_type: "no.such.Thing" });
    expect(types.error_response?.error_code).toBe(grpcCodes.NOT_FOUND);
    const none = await ask(stream, {});
    expect(none.error_response?.error_code).toBe(grpcCodes.INVALID_ARGUMENT);
    const known = await ask(stream, { file_by_filename: "tensor.proto" });
    expect(known.file_descriptor_response?.file_descriptor_proto.length).toBeGreaterThan(0);
    stream.end();
    const [{ code }] = await once(stream, "status");
    expect(code).toBe(grpcCodes.OK);
  });

  it("ends when the engine stops, and holds nothing up", async () => {
    const args = ["--graceful_timeout", "1h"]; // longer than the test may take
    const engine = await openEngine(later, graph, { args });
    const stream = reflect(engine, "v1");
    await ask(stream, { list_services: "*" });
    const over = once(stream, "status");
    expect(await engine.stop()).toBe(0);
    expect((await over)[0].code).toBe(grpcCodes.OK);
  });

  it("refuses bytes that are no request", async () => {
    const engine = await openEngine(later, graph);
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const h2 = await openH2(later, engine.grpcPort);
    expect(await h2.send(path, framed(Buffer.from([0xff])))).toMatchObject({
      status: grpcCodes.INVALID_ARGUMENT,
    });
    const open = h2.open(path); // the client does not end its side
    const outcome = outcomeOf(open);
    const answered = once(open, "response");
    open.write(framed(Buffer.from([0xff])));
    await answered;
    open.end();
    expect(await outcome).toMatchObject({ status: grpcCodes.INVALID_ARGUMENT });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask("/grpc.health.v1.Health/Check", Buffer.alloc(0))).code).toBe(0);
  });
});
