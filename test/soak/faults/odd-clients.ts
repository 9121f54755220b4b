/** Clients that break off, half close, or take their time. What they still get has to be theirs. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { makeGrpcConnection } from "./grpc-client.ts";
import type { Asked, Outcome } from "./judge.ts";
import { idOf, textOf } from "./message.ts";
import { answerIn, outcomeOf, requestOf } from "./rest-text.ts";
import { between, oneOf, type Random } from "./schedule.ts";

export type Place = { readonly httpPort: number; readonly grpcPort: number };

/** A request of such a client; `cutOff` if it has ended it itself, so that nothing need come. */
export type Odd = { readonly asked: Asked; readonly outcome: Outcome; readonly cutOff: boolean };

/** `number` has never been given before. */
type Client = (place: Place, number: () => number, random: Random) => Promise<readonly Odd[]>;

const deadlineMs = 25_000;

/** Of one odd client. */
const callsAtOnce = 10;

const restAsked = (number: number): Asked => ({
  id: idOf("steady", number),
  target: "steady",
  transport: "rest",
  sentAt: performance.now(),
});
const grpcAsked = (number: number): Asked => ({ ...restAsked(number), transport: "grpc" });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const open = async (port: number): Promise<Socket> => {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  socket.setEncoding("latin1");
  socket.on("error", () => {}); // "close" follows
  await once(socket, "connect");
  return socket;
};

/** All answers in order, or less if the connection ends or time runs out. */
const answersTo = async (socket: Socket, asks: readonly Asked[], texts: readonly string[]) => {
  let text = "";
  const outcomes: Outcome[] = [];
  const take = (): void => {
    for (;;) {
      const answer = answerIn(text);
      const asked = asks[outcomes.length];
      if (answer === undefined || asked === undefined) return;
      outcomes.push(outcomeOf(answer, asked, texts[outcomes.length] ?? ""));
      text = text.slice(answer.length);
    }
  };
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, deadlineMs);
    const end = (): void => {
      clearTimeout(late);
      resolve();
    };
    let parts: string[] = [];
    socket.on("data", (chunk: string) => {
      parts.push(chunk);
      if (parts.length < 16 && chunk.length >= 65_536) return;
      text += parts.join("");
      parts = [];
      take();
      if (outcomes.length === asks.length) end();
    });
    socket.on("end", end);
    socket.on("close", end);
  });
  take();
  const what = `the connection of an odd client ended, or was silent, with ${text.length} bytes`;
  return asks.map((_, i): Outcome => outcomes[i] ?? { is: "none", what });
};

/** Leaves in the middle of its request. */
const resetMidRequest: Client = async ({ httpPort }, number, random) => {
  const asked = restAsked(number());
  const socket = await open(httpPort);
  const text = requestOf(asked.id, textOf(asked.id, "large"));
  socket.write(text.slice(0, Math.floor(random() * text.length)));
  await pause(between(random, 0, 50));
  socket.resetAndDestroy();
  return [];
};

/** Leaves when the first byte of its answer comes. */
const resetMidAnswer: Client = async ({ httpPort }, number) => {
  const asked = restAsked(number());
  const socket = await open(httpPort);
  socket.write(requestOf(asked.id, textOf(asked.id, "large")));
  await Promise.race([once(socket, "data"), pause(deadlineMs)]);
  socket.resetAndDestroy();
  return [];
};

/** Closes its side after its request: it may be taken to have left. */
const halfClosed: Client = async ({ httpPort }, number) => {
  const asked = restAsked(number());
  const text = textOf(asked.id, "small");
  const socket = await open(httpPort);
  const answers = answersTo(socket, [asked], [text]);
  socket.end(requestOf(asked.id, text));
  const [outcome = { is: "none", what: "" }] = await answers;
  socket.destroy();
  return [{ asked, outcome, cutOff: true }];
};

/** Asks for more than any buffer holds and reads it drop by drop. */
const slowReader: Client = async ({ httpPort }, number, random) => {
  const asks = Array.from({ length: 10 }, () => restAsked(number()));
  const texts = asks.map(({ id }) => textOf(id, "large"));
  const socket = await open(httpPort);
  const answers = answersTo(socket, asks, texts);
  for (const [i, { id }] of asks.entries()) socket.write(requestOf(id, texts[i] ?? ""));
  const drops = setInterval(() => {
    socket.pause();
    setTimeout(() => socket.resume(), between(random, 10, 40));
  }, 50);
  const outcomes = await answers;
  clearInterval(drops);
  socket.destroy();
  return asks.map((asked, i) => ({
    asked,
    outcome: outcomes[i] ?? { is: "none", what: "" },
    cutOff: false,
  }));
};

/** Writes its request piece by piece. */
const slowWriter: Client = async ({ httpPort }, number, random) => {
  const asked = restAsked(number());
  const text = textOf(asked.id, oneOf(random, ["small", "large"]));
  const whole = requestOf(asked.id, text);
  const socket = await open(httpPort);
  const answers = answersTo(socket, [asked], [text]);
  const pieces = 20;
  const size = Math.ceil(whole.length / pieces);
  for (let at = 0; at < whole.length; at += size) {
    socket.write(whole.slice(at, at + size));
    await pause(between(random, 20, 120));
  }
  const [outcome = { is: "none", what: "" }] = await answers;
  socket.destroy();
  return [{ asked, outcome, cutOff: false }];
};

/** Cancels some calls under way, and lets others end. */
const grpcCancel: Client = async ({ grpcPort }, number, random) => {
  const client = makeGrpcConnection(grpcPort, deadlineMs);
  const made = await Promise.all(
    Array.from({ length: callsAtOnce }, async (_, i): Promise<Odd> => {
      const asked = grpcAsked(number());
      const text = textOf(asked.id, oneOf(random, ["small", "large"]));
      const cutOff = i % 2 === 0;
      const outcome = cutOff
        ? await client.leave(asked, text, between(random, 0, 20))
        : await client.ask(asked, text);
      return { asked, outcome, cutOff };
    }),
  );
  client.close();
  return made;
};

/** A connection that can be held up and cut: bytes pass through it. */
const openPass = async (port: number) => {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.push(near, far);
    for (const one of [near, far]) one.on("error", () => {}); // "close" follows
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address
    far: () => sockets.filter((_, i) => i % 2 === 1),
    close: () => {
      server.close();
      for (const one of sockets) one.destroy();
    },
  };
};

/** Calls whose connection is reset under them, or stands still for a while. */
const grpcOverPass =
  (does: "reset" | "stall"): Client =>
  async ({ grpcPort }, number, random) => {
    const pass = await openPass(grpcPort);
    const client = makeGrpcConnection(pass.port, deadlineMs);
    const calls = Array.from({ length: callsAtOnce }, async (): Promise<Odd> => {
      const asked = grpcAsked(number());
      const outcome = await client.ask(asked, textOf(asked.id, "large"));
      return { asked, outcome, cutOff: does === "reset" };
    });
    await pause(between(random, 5, 60));
    if (does === "reset") {
      for (const one of pass.far()) one.resetAndDestroy();
    } else {
      for (const one of pass.far()) one.pause();
      await pause(1500);
      for (const one of pass.far()) one.resume();
    }
    const made = await Promise.all(calls);
    client.close();
    pass.close();
    return made;
  };

export const oddClients = {
  "reset in a request": resetMidRequest,
  "reset in an answer": resetMidAnswer,
  "half closed": halfClosed,
  "slow reader": slowReader,
  "slow writer": slowWriter,
  "calls cancelled": grpcCancel,
  "calls reset": grpcOverPass("reset"),
  "calls stalled": grpcOverPass("stall"),
} as const satisfies Record<string, Client>;
