/** grpc.health.v1 of a running engine, in every protocol. */
import { once } from "node:events";
import type { ClientReadableStream } from "@grpc/grpc-js";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../../api/plan.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, type Engine, openEngine } from "../../contract/engine.ts";
import { openGrpcClient, openGrpcHost, same } from "../../contract/grpc.ts";
import { decode } from "../protocol/messages.ts";

const later = closeAfterEach();

const checkRpc = "/grpc.health.v1.Health/Check";
const watchRpc = "/grpc.health.v1.Health/Watch";
const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

const request = (service: string): Buffer =>
  service === ""
    ? Buffer.alloc(0)
    : Buffer.from(`\x0a${String.fromCharCode(service.length)}${service}`);
/** The status in a HealthCheckResponse: field 1, a number of one byte. */
const statusIn = (body: Buffer): number | undefined => {
  expect(body[0]).toBe(8);
  return body[1];
};

const model = (port: number): UnitSource => ({
  name: "m",
  type: "MODEL",
  endpoint: at({ grpcPort: port }),
});

const openModel = (port = 0) => openGrpcHost(later, { port });

const watch = (engine: Engine, service: string): ClientReadableStream<Buffer> => {
  const { raw } = openGrpcClient(later, engine.grpcPort);
  const stream = raw.makeServerStreamRequest(watchRpc, same, same, request(service));
  stream.on("error", () => {}); // "status" tells
  later(() => stream.cancel());
  return stream;
};

const next = async (stream: ClientReadableStream<Buffer>): Promise<number | undefined> => {
  const [body] = (await once(stream, "data")) as [Buffer]; // what the client deserializes to
  return statusIn(body);
};

const services = [
  { protocol: "seldon", own: ["seldon.protos.Seldon"] },
  { protocol: "v2", own: ["inference.GRPCInferenceService"] },
  {
    protocol: "tensorflow",
    own: ["tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"],
  },
] as const;

describe("Health/Check", () => {
  it.each(services)("knows the services of $protocol", async ({ protocol, own }) => {
    const engine = await openEngine(later, model((await openModel()).grpcPort), { protocol });
    const client = openGrpcClient(later, engine.grpcPort);
    for (const service of ["", ...own]) {
      const { code, body } = await client.ask(checkRpc, request(service));
      expect({ service, code, status: statusIn(body) }).toEqual({
        service,
        code: grpcCodes.OK,
        status: serving,
      });
    }
    for (const service of ["seldon.protos.Model", "other", `${own[0]}x`]) {
      expect((await client.ask(checkRpc, request(service))).code).toBe(grpcCodes.NOT_FOUND);
    }
  });

  it("says NOT_SERVING while a node cannot be reached", async () => {
    const host = await openModel();
    const engine = await openEngine(later, model(host.grpcPort));
    const client = openGrpcClient(later, engine.grpcPort);
    const ask = async () => statusIn((await client.ask(checkRpc, request(""))).body);
    expect(await ask()).toBe(serving);
    host.close();
    expect(await ask()).toBe(notServing);
    await openModel(host.grpcPort);
    expect(await ask()).toBe(serving);
  });

  it("says NOT_SERVING from the signal to stop, and answers while the delay lasts", async () => {
    const args = ["--shutdown_delay", "2s"];
    const engine = await openEngine(later, model((await openModel()).grpcPort), { args });
    const client = openGrpcClient(later, engine.grpcPort);
    expect(statusIn((await client.ask(checkRpc, request(""))).body)).toBe(serving);
    const stopped = engine.stop();
    expect(statusIn((await client.ask(checkRpc, request(""))).body)).toBe(notServing);
    expect(await stopped).toBe(0);
  });
});

describe("Health/List", () => {
  it("tells the status of all services", async () => {
    const engine = await openEngine(later, model((await openModel()).grpcPort));
    const client = openGrpcClient(later, engine.grpcPort);
    const { code, body } = await client.ask("/grpc.health.v1.Health/List", Buffer.alloc(0));
    expect(code).toBe(grpcCodes.OK);
    expect(decode("grpc.health.v1.HealthListResponse", body)).toEqual({
      statuses: { "": { status: "SERVING" }, "seldon.protos.Seldon": { status: "SERVING" } },
    });
  });
});

describe("Health/Watch", () => {
  it("tells the status at once and each change of it", async () => {
    const host = await openModel();
    const engine = await openEngine(later, model(host.grpcPort));
    const stream = watch(engine, "seldon.protos.Seldon");
    expect(await next(stream)).toBe(serving);
    host.close();
    expect(await next(stream)).toBe(notServing);
    await openModel(host.grpcPort);
    expect(await next(stream)).toBe(serving);
  });

  it("tells an unknown service so, and stays open", async () => {
    const engine = await openEngine(later, model((await openModel()).grpcPort));
    const stream = watch(engine, "other");
    expect(await next(stream)).toBe(serviceUnknown);
    let over = false;
    stream.on("status", () => {
      over = true;
    });
    await openGrpcClient(later, engine.grpcPort).ask(checkRpc, request(""));
    expect(over).toBe(false);
  });

  it("ends when the engine stops, and holds nothing up", async () => {
    const args = ["--graceful_timeout", "1h"]; // longer than the test may take
    const engine = await openEngine(later, model((await openModel()).grpcPort), { args });
    const streams = [watch(engine, ""), watch(engine, "seldon.protos.Seldon"), watch(engine, "x")];
    expect(await Promise.all(streams.map(next))).toEqual([serving, serving, serviceUnknown]);
    const over = Promise.all(streams.map((stream) => once(stream, "status")));
    for (const stream of streams) stream.resume();
    expect(await engine.stop()).toBe(0);
    expect((await over).map(([{ code }]) => code)).toEqual(Array(3).fill(grpcCodes.OK));
  });

  it("tells that the engine stops while it serves on", async () => {
    const args = ["--shutdown_delay", "5s"];
    const engine = await openEngine(later, model((await openModel()).grpcPort), { args });
    const stream = watch(engine, "");
    expect(await next(stream)).toBe(serving);
    const last = next(stream);
    const stopped = engine.stop();
    expect(await last).toBe(notServing);
    stream.resume();
    expect(await stopped).toBe(0);
  });

  it.each([checkRpc, watchRpc])("is a status when the request of %s is malformed", async (rpc) => {
    const engine = await openEngine(later, model((await openModel()).grpcPort));
    const { raw } = openGrpcClient(later, engine.grpcPort);
    const stream = raw.makeServerStreamRequest(rpc, same, same, Buffer.from([0xff]));
    stream.resume();
    await expect(once(stream, "end")).rejects.toMatchObject({ code: grpcCodes.UNKNOWN });
  });
});
