/**
 * Server reflection, v1 and v1alpha, so that tools such as grpcurl find their way.
 *
 * Reading the .proto files costs more than the rest of the start, so the library is loaded when
 * the first tool asks. Source: the gRPC server reflection protocol; deviation E8.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { EngineError } from "../errors.ts";
import { offCancel, onCancel } from "../scope.ts";
import type { DuplexStream, StreamHandler } from "./grpc.ts";
import { fail } from "./grpc-errors.ts";

const folder = new URL("../protocol/proto/", import.meta.url);
const versions = ["v1", "v1alpha"] as const;

type Answerer = {
  readonly definition: MethodDefinition<object, object>;
  readonly handle: (call: unknown) => void;
};

/** Handlers by path. Only `services` are listed. */
export const makeReflection = (
  services: readonly string[],
): ReadonlyMap<string, StreamHandler<DuplexStream>> => {
  let loading: Promise<ReadonlyMap<string, Answerer>> | undefined;
  return new Map(
    versions.map((version) => {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      return [
        path,
        (call, stopping) => {
          const end = (): void => {
            call.end();
          };
          call.on("cancelled", () => offCancel(stopping, end));
          call.pause();
          loading ??= load(services);
          loading.then(
            (answerers) => {
              serve(call, answerers.get(path));
              onCancel(stopping, end);
            },
            (error) => fail(call, error),
          );
        },
      ];
    }),
  );
};

/** What the library makes of our files, taken as it would register it with a server of its own. */
const load = async (services: readonly string[]): Promise<ReadonlyMap<string, Answerer>> => {
  const { loadSync } = await import("@grpc/proto-loader");
  const { ReflectionService } = await import("@grpc/reflection");
  const files = readdirSync(folder).filter((name) => name.endsWith(".proto"));
  const definition = loadSync(files, {
    includeDirs: [fileURLToPath(folder)],
    keepCase: true,
    longs: String,
  });
  const found = new Map<string, Answerer>();
  new ReflectionService(definition, { services: [...services] }).addToServer({
    addService: (service: ServiceDefinition, implementation: UntypedServiceImplementation) => {
      for (const [name, method] of Object.entries(service)) {
        const handle = implementation[name] ?? implementation[method.originalName ?? name];
        // The library's handlers are for duplex streams; the type is that of any method.
        found.set(method.path, { definition: method, handle: handle as Answerer["handle"] });
      }
    },
  });
  return found;
};

/** Lets the library's handler talk in messages over a call that carries bytes. */
const serve = (call: DuplexStream, answerer: Answerer | undefined): void => {
  if (answerer === undefined) {
    call.end();
    return;
  }
  const { definition, handle } = answerer;
  handle({
    on: (event: string, listener: (message?: unknown) => void) => {
      if (event === "data") {
        call.on("data", (bytes: Buffer) => {
          const message = read(definition, bytes);
          if (message instanceof EngineError) fail(call, message);
          else listener(message);
        });
      } else {
        call.on(event, listener);
      }
    },
    write: (message: object) => call.write(definition.responseSerialize(message)),
    end: () => call.end(),
  });
  call.resume();
};

const read = (
  { requestDeserialize }: Answerer["definition"],
  bytes: Buffer,
): object | EngineError => {
  try {
    return requestDeserialize(bytes);
  } catch (cause) {
    return new EngineError("REQUEST_INVALID", "the message is no ServerReflectionRequest", {
      cause,
    });
  }
};
