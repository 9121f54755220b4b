/**
 * Some seconds of all that can happen to calls, at once: each answer must be the one to its request,
 * whatever happens to the requests beside it.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { giveBack } from "../../../runtime/body-pool.ts";
import { type HttpClient, makeHttpClient } from "../../../runtime/client/http.ts";
import type { HttpReply } from "../../../runtime/client/reply-reader.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { cancel, makeScope } from "../../../runtime/scope.ts";

const seed = 20_261_122;
const lastsMs = 3000;
const inFlight = 64;
const mostKept = 200;
const sizes = [0, 10, 300, 20_000, 100_000];

/** What the host does with a request, and what must come of it. */
const ways = {
  length: "answer",
  chunks: "answer",
  pieces: "answer",
  close: "answer",
  end: "answer",
  cancelled: "CLIENT_GONE",
  silent: "NODE_TIMEOUT",
  reset: "NODE_UNREACHABLE",
  stop: "NODE_UNREACHABLE",
  junk: "NODE_PROTOCOL",
} as const;
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[]; // the keys of a constant
/** Half of all calls are plain ones. */
const drawn = [...names, ...names.map((): Way => "length")];

/** Numbers from 0 to below 1, always the same. */
const makeRandom = (): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** A body that shows whose it is at every place. */
const bodyOf = (id: number, bytes: number): Buffer => Buffer.alloc(bytes, `<${id}>`);

const head = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`;

const answer: Record<Way, (socket: Socket, body: Buffer) => void> = {
  length: (socket, body) => {
    socket.write(Buffer.concat([Buffer.from(head(`Content-Length: ${body.length}`)), body]));
  },
  chunks: (socket, body) => {
    const half = body.length >> 1;
    socket.write(head("Transfer-Encoding: chunked"));
    for (const part of [body.subarray(0, half), body.subarray(half)]) {
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write("\r\n");
    }
    socket.write("0\r\n\r\n");
  },
  pieces: (socket, body) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-");
    setImmediate(() => {
      socket.write(`Length: ${body.length}\r\n\r\n`);
      setImmediate(() => socket.write(body));
    });
  },
  close: (socket, body) => {
    socket.write(head("Connection: close", `Content-Length: ${body.length}`));
    socket.write(body);
  },
  end: (socket, body) => {
    socket.write(head("Content-Type: text/plain"));
    socket.end(body);
  },
  cancelled: (socket, body) => {
    socket.write(head(`Content-Length: ${body.length + 1}`));
    socket.write(body);
  },
  silent: () => {},
  reset: (socket, body) => {
    socket.write(head(`Content-Length: ${body.length + 1}`));
    socket.write(body, () => socket.resetAndDestroy());
  },
  stop: (socket, body) => {
    socket.write(head(`Content-Length: ${body.length + 1}`));
    socket.end(body);
  },
  junk: (socket, body) => {
    socket.write(Buffer.concat([body, Buffer.from("\r\n\r\n")]));
  },
};

const requestHead =
  /^POST \/(?<way>[a-z]+)\/(?<id>\d+)\/(?<bytes>\d+) HTTP\/1\.1\r\n[\s\S]*?Content-Length: (?<length>\d+)\r\n/;

/** Reads requests, checks that each body is the one of its head, and answers. */
const serve = (socket: Socket, onWrong: (why: string) => void): void => {
  let bytes = Buffer.alloc(0);
  socket.on("error", () => {}); // clients give up
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    const found = requestHead.exec(bytes.toString("latin1", 0, end + 2))?.groups;
    if (end < 0) return;
    const { way, id, bytes: size, length } = found ?? {};
    const body = bytes.subarray(end + 4, end + 4 + Number(length));
    if (body.length < Number(length)) return;
    if (!body.equals(bodyOf(Number(id), body.length))) onWrong(`the body of ${id} is not its own`);
    if (bytes.length > end + 4 + body.length)
      onWrong("a request came before the last was answered");
    bytes = Buffer.alloc(0);
    answer[way as Way](socket, bodyOf(Number(id), Number(size))); // the client below wrote it
  });
};

type Tally = {
  readonly wrong: string[];
  /** Answers that nobody gave back: they must stay as they are. */
  readonly kept: (() => string | undefined)[];
  readonly came: Map<Way, number>;
  open: number;
};

/** What is sent, and how large an answer it asks for. */
type Sent = { readonly id: number; readonly way: Way; readonly bytes: number };

const faultOf = (
  { id, way, bytes }: Sent,
  error: EngineError | undefined,
  reply: HttpReply | undefined,
): string | undefined => {
  const outcome = error?.code ?? "answer";
  if (outcome !== ways[way]) return `${way} ${id}: ${error ?? "was answered"}`;
  const isOwn = reply === undefined || reply.body.equals(bodyOf(id, bytes));
  return isOwn ? undefined : `${way} ${id}: the answer is not its own`;
};

const checked = (kept: Tally["kept"]): string[] =>
  kept.map((check) => check()).filter((fault) => fault !== undefined);

/** Sends one call; notes whether what comes of it is what must, once. */
const sendOne = (client: HttpClient, id: number, random: () => number, tally: Tally) =>
  new Promise<void>((resolve) => {
    const pick = <Item>(items: readonly Item[], otherwise: Item): Item =>
      items[Math.floor(random() * items.length)] ?? otherwise;
    const way = pick(drawn, "length");
    const bytes = pick(sizes, 0);
    const body = bodyOf(id, pick(sizes, 0));
    const scope = makeScope();
    const path = `/${way}/${id}/${bytes}`;
    const timeoutMs = way === "silent" ? 20 : 60_000;
    tally.open += 1;
    client.send(
      { method: "POST", path, headerLines: "", body, timeoutMs, scope },
      (error, reply) => {
        tally.open -= 1; // below 0 in the end if something is told twice
        tally.came.set(way, (tally.came.get(way) ?? 0) + 1);
        const fault = faultOf({ id, way, bytes }, error, reply);
        if (fault !== undefined) tally.wrong.push(fault);
        body.fill(0); // nobody reads it any more
        if (reply !== undefined && random() < 0.8) giveBack(reply.body);
        else tally.kept.push(() => faultOf({ id, way, bytes }, error, reply));
        if (tally.kept.length > mostKept) tally.wrong.push(...checked(tally.kept.splice(0, 1)));
        resolve();
      },
    );
    if (way === "cancelled") {
      setTimeout(() => cancel(scope, new EngineError("CLIENT_GONE", "left")), random() * 4);
    }
  });

describe("makeHttpClient under all that can happen", () => {
  it(`gives each request its own answer, once, for ${lastsMs} ms and more than 10 of each`, async () => {
    const tally: Tally = { wrong: [], kept: [], came: new Map(), open: 0 };
    const server = createServer({ noDelay: true }, (socket) =>
      serve(socket, (why) => tally.wrong.push(why)),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // a TCP server's address
    const deadlines = makeDeadlines();
    const client = makeHttpClient({ host: "127.0.0.1", port, limits: defaultLimits, deadlines });
    const random = makeRandom();
    const until = performance.now() + lastsMs;
    // A machine that is busy gets there later.
    const isOver = (): boolean =>
      performance.now() >= until && names.every((way) => (tally.came.get(way) ?? 0) > 10);
    let id = 0;
    const work = async (): Promise<void> => {
      while (!isOver()) {
        id += 1;
        await sendOne(client, id, random, tally);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    client.close();
    server.close();
    await once(server, "close");
    tally.wrong.push(...checked(tally.kept));
    expect(tally.wrong.slice(0, 10)).toEqual([]);
    expect(tally.open).toBe(0);
  }, 60_000);
});
