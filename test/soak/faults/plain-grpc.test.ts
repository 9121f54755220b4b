/** The load's own client of gRPC against HTTP/2 of Node.js: what it has to see, it sees. */
import {
  createServer as createHttp2,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import type { Asked, Outcome } from "./judge.ts";
import { framedOf, idOf, protoOf, type Size, textOf } from "./message.ts";
import { makePlainGrpc, type PlainGrpc } from "./plain-grpc.ts";

const later = closeAfterEach();

type Call = {
  readonly id: string;
  readonly body: Buffer;
  readonly stream: ServerHttp2Stream;
  /** From 1 on, over all connections. */
  readonly nth: number;
};
type Act = (call: Call) => void;
type Settings = { readonly initialWindowSize?: number; readonly maxConcurrentStreams?: number };

const grpcHead = { ":status": 200, "content-type": "application/grpc" };

const answer = ({ stream, id }: Call, body: Buffer, status = "0"): void => {
  stream.respond({ ...grpcHead, "seldon-puid": id }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  stream.end(body);
};
const echo: Act = (call) => answer(call, call.body);

const open = async (act: Act, settings: Settings = {}) => {
  const server = createHttp2({ settings });
  const sessions: ServerHttp2Session[] = [];
  const timeouts = new Set<unknown>();
  let nth = 0;
  let most = 0;
  let now = 0;
  server.on("session", (session) => {
    sessions.push(session);
    later(() => session.destroy());
  });
  server.on("stream", (stream, headers) => {
    nth += 1;
    now += 1;
    most = Math.max(most, now);
    timeouts.add(headers["grpc-timeout"]);
    const call = { id: String(headers["seldon-puid"]), stream, nth };
    const parts: Buffer[] = [];
    stream.on("error", () => {}); // the client is told
    stream.on("close", () => {
      now -= 1;
    });
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => act({ ...call, body: Buffer.concat(parts) }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  later(() => server.close());
  const { port } = server.address() as AddressInfo; // of TCP
  const client = makePlainGrpc(port, 20_000);
  later(() => client.close());
  return { client, sessions, timeouts, most: () => most };
};

const askedOf = (number: number): Asked => ({
  id: idOf("steady", number),
  target: "steady",
  transport: "grpc",
  sentAt: performance.now(),
});

const askMany = (client: PlainGrpc, count: number, size: Size): Promise<readonly Outcome[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => client.ask(askedOf(i), size)));

const told = (outcomes: readonly Outcome[]): string =>
  outcomes.map((one) => (one.is === "error" ? String(one.code) : one.is)).join(" ");

describe("framedOf", () => {
  it.each([
    { id: "s-1", size: "small" },
    { id: "f-1234567", size: "small" },
    { id: "f-123", size: "large" },
  ] as const)("is the message of $id, $size, with five bytes before it", ({ id, size }) => {
    const message = protoOf(textOf(id, size));
    const framed = framedOf(id, size);
    expect(framed.subarray(5).equals(message)).toBe(true);
    expect(framed.readUIntBE(0, 5)).toBe(message.length);
  });
});

describe("makePlainGrpc", () => {
  it.each<{ name: string; settings: Settings; size: Size }>([
    { name: "small messages", settings: {}, size: "small" },
    { name: "messages beyond the first windows", settings: {}, size: "large" },
    { name: "a server that grants little", settings: { initialWindowSize: 1000 }, size: "large" },
    {
      name: "a server that takes few at a time",
      settings: { maxConcurrentStreams: 3 },
      size: "large",
    },
  ])("asks many calls over one connection: $name", async ({ settings, size }) => {
    const { client, sessions, timeouts, most } = await open(echo, settings);
    await client.ask(askedOf(1000), "small"); // from now on the settings are known
    expect(told(await askMany(client, 40, size))).toBe(Array(40).fill("right").join(" "));
    expect(sessions).toHaveLength(1);
    expect(most()).toBeLessThanOrEqual(settings.maxConcurrentStreams ?? 40);
    expect([...timeouts]).toEqual(["20000m"]);
  });

  const bent = (body: Buffer): Buffer => {
    const copy = Buffer.from(body);
    copy[copy.length - 1] = 0x78;
    return copy;
  };
  it.each<{ name: string; act: Act; want: string; size?: Size }>([
    { name: "a bent byte", act: (call) => answer(call, bent(call.body)), want: "wrong" },
    {
      name: "a bent byte of many",
      act: (call) => answer(call, bent(call.body)),
      want: "wrong",
      size: "large",
    },
    {
      name: "another one's answer",
      act: (call) => answer(call, framedOf("s-99", "small")),
      want: "wrong",
    },
    {
      name: "another id",
      act: (call) => answer({ ...call, id: "s-99" }, call.body),
      want: "wrong",
    },
    {
      name: "too little",
      act: (call) => answer(call, call.body.subarray(0, -1)),
      want: "wrong",
    },
    {
      name: "a second message",
      act: (call) => answer(call, Buffer.concat([call.body, Buffer.alloc(5)])),
      want: "wrong",
    },
    { name: "no message", act: (call) => answer(call, Buffer.alloc(0)), want: "wrong" },
    { name: "an error behind an answer", act: (call) => answer(call, call.body, "14"), want: "14" },
    {
      name: "an error alone",
      act: ({ stream }) =>
        stream.respond({ ...grpcHead, "grpc-status": "13" }, { endStream: true }),
      want: "13",
    },
    {
      name: "an answer without a status",
      act: ({ stream, id, body }) => {
        stream.respond({ ...grpcHead, "seldon-puid": id });
        stream.end(body);
      },
      want: "2",
    },
    {
      name: "what is no gRPC",
      act: ({ stream }) =>
        stream.respond({ ":status": 503, "grpc-status": "0" }, { endStream: true }),
      want: "2",
    },
    { name: "a reset", act: ({ stream }) => stream.close(2), want: "13" },
    {
      name: "an end of the connection",
      act: ({ stream }) => stream.session?.destroy(),
      want: "14",
    },
    { name: "two refusals", act: ({ stream }) => stream.close(7), want: "14" },
  ])("tells $name from a right answer", async ({ act, want, size = "small" }) => {
    const { client } = await open(act);
    expect(told([await client.ask(askedOf(1), size)])).toBe(want);
  });

  it("asks anew over another connection what the first one did not look at", async () => {
    const lastStream = 9; // the fifth
    const { client, sessions } = await open((call) => {
      const { stream, nth } = call;
      if (stream.session !== sessions[0]) echo(call);
      else if (nth === 20) {
        stream.session?.goaway(0, lastStream);
        for (const one of held) echo(one);
      } else if (Number(stream.id) <= lastStream) held.push(call);
    });
    const held: Call[] = [];
    expect(told(await askMany(client, 20, "small"))).toBe(Array(20).fill("right").join(" "));
    expect(sessions).toHaveLength(2);
  });

  it("connects anew after the connection has ended", async () => {
    const { client, sessions } = await open((call) => {
      if (call.nth === 1) call.stream.session?.destroy();
      else echo(call);
    });
    expect(told([await client.ask(askedOf(1), "small")])).toBe("14");
    expect(told([await client.ask(askedOf(2), "small")])).toBe("right");
    expect(sessions).toHaveLength(2);
  });
});
