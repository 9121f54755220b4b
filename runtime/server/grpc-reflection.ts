/**
 * Server reflection, v1 and v1alpha, so that tools such as grpcurl find their way.
 *
 * Source: the gRPC server reflection protocol; deviation E8.
 */
import { asEngineError, EngineError } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";
import { bytesOf, fields, textOf } from "../protocol/wire.ts";
import { lengthField, type Pieces, textField, varintField } from "../protocol/wire-write.ts";
import { offCancel, onCancel } from "../scope.ts";
import type { DuplexHandler } from "./grpc-call.ts";
import type { Descriptors } from "./grpc-descriptors.ts";

/** Both have the same messages. */
const versions = ["v1", "v1alpha"] as const;

/** Handlers by path. Only `services` are listed. */
export const makeReflection = (services: readonly string[]): ReadonlyMap<string, DuplexHandler> => {
  let loading: Promise<Descriptors> | undefined;
  const load = (): Promise<Descriptors> => {
    loading ??= import("./grpc-descriptors.ts").then((module) => module.loadDescriptors());
    return loading;
  };
  const answer = async (request: Buffer): Promise<Buffer> =>
    answerTo(request, await load(), services);
  return new Map(
    versions.map((version) => [
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      oneAfterTheOther(answer),
    ]),
  );
};

/** Answers one request after the other, no faster than the client reads, until it ends. */
const oneAfterTheOther =
  (answer: (request: Buffer) => Promise<Buffer>): DuplexHandler =>
  (call, stopping) => {
    const end = (error?: EngineError): void => {
      offCancel(stopping, stop);
      call.end(error);
    };
    const stop = (): void => end();
    onCancel(stopping, stop);
    onCancel(call.scope, () => offCancel(stopping, stop));
    return {
      message: (request) => {
        call.pause();
        answer(request).then(
          (body) => {
            if (call.send(body)) call.resume();
          },
          (thrown) => end(asEngineError(thrown)),
        );
      },
      room: () => call.resume(),
      end,
    };
  };

/** Fields of a ServerReflectionRequest. */
const fileByName = 3;
const fileBySymbol = 4;
const fileByExtension = 5;
const extensionsOfType = 6;
const listServices = 7;

/** A ServerReflectionResponse. @throws {EngineError} REQUEST_INVALID */
const answerTo = (
  request: Buffer,
  descriptors: Descriptors,
  services: readonly string[],
): Buffer => {
  const { what, text } = read(request);
  const answer = (): Pieces => {
    switch (what) {
      case fileByName:
        return files(descriptors, text, text);
      case fileBySymbol:
        return files(descriptors, descriptors.fileOf(text), text);
      case fileByExtension:
        return failure(grpcCodes.NOT_FOUND, "there are no extensions");
      case extensionsOfType:
        return descriptors.isMessage(text)
          ? lengthField(5, textField(1, text))
          : failure(grpcCodes.NOT_FOUND, `there is no message "${text}"`);
      case listServices:
        return lengthField(
          6,
          services.flatMap((name) => lengthField(1, textField(1, name))),
        );
      default:
        return failure(grpcCodes.INVALID_ARGUMENT, "the request asks for nothing");
    }
  };
  return Buffer.concat([
    ...textField(1, textOf(request, 1)), // the host, as the client wrote it
    ...lengthField(2, [request]),
    ...answer(),
  ]);
};

/** The member of `oneof` that is set last counts. */
const read = (request: Buffer): { readonly what: number; readonly text: string } => {
  try {
    let what = 0;
    for (const { number } of fields(request)) {
      if (number >= fileByName && number <= listServices) what = number;
    }
    return { what, text: what === 0 ? "" : (bytesOf(request, what)?.toString() ?? "") };
  } catch (cause) {
    const { message } = asEngineError(cause);
    throw new EngineError("REQUEST_INVALID", `no ServerReflectionRequest: ${message}`, { cause });
  }
};

const files = (descriptors: Descriptors, name: string | undefined, asked: string): Pieces => {
  const found = name === undefined ? undefined : descriptors.file(name);
  if (found === undefined) return failure(grpcCodes.NOT_FOUND, `"${asked}" is not known here`);
  return lengthField(
    4,
    found.flatMap((file) => lengthField(1, [file])),
  );
};

const failure = (code: number, message: string): Pieces =>
  lengthField(7, [...varintField(1, code), ...textField(2, message)]);
