/** Bodies that are in pooled memory: whoever asks gets their own answer, whatever else is in work. */
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { encode, ours } from "../runtime/protocol/messages.ts";
import { closeAfterEach } from "./cleanup.ts";
import { at, openEngine } from "./engine.ts";
import { openGrpcClient, openGrpcHost, type Seen } from "./grpc.ts";
import { openRestHost, post } from "./rest.ts";

const later = closeAfterEach();
/** Over gRPC that is more than a stream may send before its peer gives it room. */
const bytes = 90_000;

/** Large, and different from every other one. */
const messageOf = (id: number): string =>
  `{"strData":"${String(id)
    .padStart(6, "0")
    .repeat(bytes / 6)}"}`;

/** As many clients, each of which asks one thing after the other; the answer is how many went wrong. */
const askAll = async (isRight: (id: number) => Promise<boolean>): Promise<number> => {
  let wrong = 0;
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < 240) {
      next += 1;
      if (!(await isRight(next))) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: 12 }, client));
  return wrong;
};

describe("large messages over REST", () => {
  const asking =
    (port: number, wanted: (message: string) => string) =>
    async (id: number): Promise<boolean> => {
      const message = messageOf(id);
      const { status, body } = await post(port, "/api/v1.0/predictions", message);
      return status === 200 && body.toString() === wanted(message);
    };
  const echo = async () =>
    openRestHost(later, {
      "/predict": ({ body }) => ({ body }),
      "/transform-input": ({ body }) => ({ body }),
      "/aggregate": ({ body }) => ({ body }),
    });
  const leaf = (name: string, httpPort: number): UnitSource => ({
    name,
    type: "MODEL",
    endpoint: at({ httpPort }),
  });

  it("come back to who sent them", async () => {
    const { httpPort } = await echo();
    const chain = { ...leaf("t", httpPort), type: "TRANSFORMER", children: [leaf("m", httpPort)] };
    const engine = await openEngine(later, chain);
    expect(await askAll(asking(engine.httpPort, (message) => message))).toBe(0);
  });

  it("come back joined from two branches", async () => {
    const { httpPort } = await echo();
    const children = [leaf("a", httpPort), leaf("b", httpPort)];
    const engine = await openEngine(later, { ...leaf("c", httpPort), type: "COMBINER", children });
    expect(await askAll(asking(engine.httpPort, (message) => `[${message},${message}]`))).toBe(0);
  });
});

describe("large messages over gRPC", () => {
  const messageOf = (id: number): Buffer =>
    encode("seldon.protos.SeldonMessage", { binData: Buffer.alloc(bytes, `<${id}>`) });
  /** The second of two that have to be alike. */
  const join = ({ body }: Seen): Buffer => {
    const list = ours.lookupType("seldon.protos.SeldonMessageList").decode(body).toJSON();
    const [first, second] = list["seldonMessages"];
    const isSame = first.binData === second.binData;
    return isSame ? encode("seldon.protos.SeldonMessage", second) : Buffer.alloc(0);
  };
  const echo = async () =>
    openGrpcHost(later, {
      unary: {
        "/seldon.protos.Model/Predict": ({ body }) => body,
        "/seldon.protos.Transformer/TransformInput": ({ body }) => body,
        "/seldon.protos.Combiner/Aggregate": join,
      },
    });
  const leaf = (name: string, grpcPort: number): UnitSource => ({
    name,
    type: "MODEL",
    endpoint: at({ grpcPort }),
  });
  const asking = (port: number) => {
    const clients = [0, 1, 2].map(() => openGrpcClient(later, port));
    return async (id: number): Promise<boolean> => {
      const message = messageOf(id);
      const answer = await clients[id % 3]?.ask("/seldon.protos.Seldon/Predict", message);
      return answer?.code === 0 && answer.body.equals(message);
    };
  };

  it("come back to who sent them", async () => {
    const { grpcPort } = await echo();
    const chain = { ...leaf("t", grpcPort), type: "TRANSFORMER", children: [leaf("m", grpcPort)] };
    const engine = await openEngine(later, chain);
    expect(await askAll(asking(engine.grpcPort))).toBe(0);
  });

  it("come back joined from two branches", async () => {
    const { grpcPort } = await echo();
    const children = [leaf("a", grpcPort), leaf("b", grpcPort)];
    const engine = await openEngine(later, { ...leaf("c", grpcPort), type: "COMBINER", children });
    expect(await askAll(asking(engine.grpcPort))).toBe(0);
  });

  it("are not sent any further once the node has answered", async () => {
    const { grpcPort } = await echo();
    const hasty = createServer();
    hasty.on("stream", (stream) => {
      // Answers as soon as it knows the id, and reads no more.
      const read = (bytes: Buffer): void => {
        const id = /<(\d+)>/.exec(bytes.toString("latin1"))?.[1];
        if (id === undefined) return;
        stream.off("data", read);
        stream.pause();
        const message = encode("seldon.protos.SeldonMessage", { strData: id });
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(message.length, 1);
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.concat([prefix, message]));
      };
      stream.on("data", read);
      stream.on("error", () => {}); // the engine gives the rest of the request up
    });
    later(() => hasty.close());
    await new Promise<void>((resolve) => hasty.listen(0, "127.0.0.1", resolve));
    const { port } = hasty.address() as AddressInfo; // it listens on a port
    const engine = await openEngine(later, leaf("m", port));
    const other = await openEngine(later, leaf("m", grpcPort));
    const [first, second] = [engine, other].map(({ grpcPort }) => openGrpcClient(later, grpcPort));
    const wrong = await askAll(async (id) => {
      const asked = messageOf(id);
      const rpc = "/seldon.protos.Seldon/Predict";
      const [short, whole] = await Promise.all([first?.ask(rpc, asked), second?.ask(rpc, asked)]);
      const said = encode("seldon.protos.SeldonMessage", { strData: String(id) });
      return short?.body.equals(said) === true && whole?.body.equals(asked) === true;
    });
    expect(wrong).toBe(0);
  });
});
