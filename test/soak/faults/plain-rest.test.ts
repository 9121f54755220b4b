/** The load's own client of HTTP/1.1 against answers written byte by byte. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import type { Asked } from "./judge.ts";
import { jsonBehind, jsonOf, type Size, textOf } from "./message.ts";
import { makePlainRest, type PlainRest } from "./plain-rest.ts";

const later = closeAfterEach();

const id = "s-7";
const askedNow = (): Asked => ({
  id,
  target: "steady",
  transport: "rest",
  sentAt: performance.now(),
});

/** Does that when a request has come whole. */
const open = async (
  act: (socket: Socket, body: string) => void,
  deadlineMs = 20_000,
): Promise<PlainRest> => {
  const server = createServer((socket) => {
    later(() => socket.destroy());
    socket.setEncoding("latin1");
    socket.on("error", () => {}); // the client has left
    let text = "";
    socket.on("data", (more: string) => {
      text += more;
      const start = text.indexOf("\r\n\r\n") + 4;
      if (start < 4 || !text.endsWith('"}')) return;
      const body = text.slice(start);
      text = "";
      act(socket, body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  later(() => server.close());
  const { port } = server.address() as AddressInfo; // of TCP
  const client = makePlainRest(port, deadlineMs);
  later(() => client.close());
  return client;
};

type Parts = { readonly status?: number; readonly puid?: string; readonly length?: number };
const answerOf = (body: string, { status = 200, puid = id, length = body.length }: Parts = {}) =>
  `HTTP/1.1 ${status} Said\r\nSeldon-Puid: ${puid}\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe("jsonBehind", () => {
  it.each(["small", "large"] as const)("is a request of a %s message", (size) => {
    const body = jsonOf(textOf(id, size));
    expect(jsonBehind("Length: ", id, size).toString("latin1")).toBe(
      `Length: ${body.length}\r\n\r\n${body}`,
    );
  });
});

describe("makePlainRest", () => {
  const bent = (body: string): string => `${body.slice(0, -4)}x${body.slice(-3)}`;
  it.each<{ name: string; answer: (body: string) => string; want: object; size?: Size }>([
    { name: "right", answer: answerOf, want: { is: "right" } },
    { name: "right and large", answer: answerOf, want: { is: "right" }, size: "large" },
    { name: "bent", answer: (body) => answerOf(bent(body)), want: { is: "wrong" } },
    {
      name: "bent and large",
      answer: (body) => answerOf(bent(body)),
      want: { is: "wrong" },
      size: "large",
    },
    { name: "longer", answer: (body) => answerOf(`${body} `), want: { is: "wrong" } },
    { name: "shorter", answer: (body) => answerOf(body.slice(0, -1)), want: { is: "wrong" } },
    { name: "empty", answer: () => answerOf(""), want: { is: "wrong" } },
    {
      name: "of another",
      answer: (body) => answerOf(body, { puid: "s-8" }),
      want: { is: "wrong" },
    },
    {
      name: "an error",
      answer: () => answerOf("sorry", { status: 500 }),
      want: { is: "error", code: 500 },
    },
    {
      name: "an error of another",
      answer: () => answerOf("sorry", { status: 500, puid: "s-8" }),
      want: { is: "wrong" },
    },
    {
      name: "with bytes behind it",
      answer: (body) => answerOf(body, { length: body.length - 1 }),
      want: { is: "none" },
    },
    { name: "no HTTP", answer: () => "what?\r\n\r\n", want: { is: "none" } },
  ])("tells what an answer is: $name", async ({ answer, want, size = "small" }) => {
    const client = await open((socket, body) => socket.write(answer(body), "latin1"));
    expect(await client.ask(askedNow(), size)).toMatchObject(want);
  });

  it("reads an answer that comes in pieces", async () => {
    const client = await open((socket, body) => {
      const answer = answerOf(body);
      const write = (at: number): void => {
        if (at < answer.length) socket.write(answer.charAt(at), () => write(at + 1));
      };
      write(0);
    });
    expect(await client.ask(askedNow(), "small")).toEqual({ is: "right" });
  });

  it("tells the next one of bytes that nobody had asked for", async () => {
    let first: Socket | undefined;
    const client = await open((socket, body) => {
      first ??= socket;
      socket.write(answerOf(body), "latin1");
    });
    expect(await client.ask(askedNow(), "small")).toEqual({ is: "right" });
    first?.end("more", "latin1");
    if (first !== undefined) await once(first, "close"); // the client has read it, and left
    expect(await client.ask(askedNow(), "small")).toMatchObject({ is: "none" });
    expect(await client.ask(askedNow(), "small")).toEqual({ is: "right" });
  });

  it("gives up half an answer when the connection ends", async () => {
    const client = await open((socket, body) => socket.end(answerOf(body).slice(0, -5), "latin1"));
    expect(await client.ask(askedNow(), "large")).toMatchObject({ is: "none" });
  });

  it("gives up what is late when it looks", async () => {
    let come = (): void => {};
    const asked = new Promise<void>((resolve) => {
      come = resolve;
    });
    const client = await open(() => come(), 0);
    const outcome = client.ask(askedNow(), "small");
    await asked;
    client.look();
    expect(await outcome).toMatchObject({ is: "none" });
  });
});
