import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../../operator/cluster/clock.ts";
import { ClusterError } from "../../../operator/cluster/cluster.ts";
import { defaultRate } from "../../../operator/cluster/rate.ts";
import { type Ask, makeWire, type Wire } from "../../../operator/cluster/wire.ts";

const about: Ask = {
  attempted: "read Service ns1/x",
  verb: "get",
  kind: "Service",
  method: "GET",
  path: "/api/v1/x",
};

describe("makeWire", () => {
  let server: Server | undefined;
  let wire: Wire | undefined;
  const outcomes: string[] = [];
  const begin = async (answer: RequestListener, prefix = ""): Promise<Wire> => {
    outcomes.length = 0;
    const listening = createServer({ keepAliveTimeout: 0 }, answer); // no connection ends in our way
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const { port } = listening.address() as AddressInfo; // of a TCP server
    wire = makeWire({
      server: new URL(`http://127.0.0.1:${port}${prefix}`),
      authorize: async () => ({ headers: { authorization: "Bearer t" } }),
      rate: defaultRate,
      clock: systemClock,
      asked: ({ verb, kind }, outcome) => outcomes.push(`${verb} ${kind} ${outcome}`),
    });
    return wire;
  };
  afterEach(() => {
    jest.useRealTimers();
    wire?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it("sends what it is asked, and reads JSON", async () => {
    const seen: unknown[] = [];
    const open = await begin(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { authorization, accept } = request.headers;
      seen.push(request.method, request.url, authorization, accept);
      seen.push(request.headers["content-type"], request.headers["user-agent"]);
      seen.push(Buffer.concat(chunks).toString());
      response.writeHead(201, { "content-type": "application/json" }).end('{"a":"é"}');
    }, "/prefix/");
    const answer = await open.ask({
      ...{ ...about, method: "PATCH", query: { a: "b c", force: "true" }, body: { x: "é" } },
      contentType: "application/merge-patch+json",
    });
    expect(answer).toEqual({ status: 201, body: { a: "é" } });
    expect(seen).toEqual([
      ...["PATCH", "/prefix/api/v1/x?a=b+c&force=true", "Bearer t", "application/json"],
      ...["application/merge-patch+json", expect.stringMatching(/^espalier-operator\/\d/)],
      '{"x":"é"}',
    ]);
    expect(outcomes).toEqual(["get Service 201"]);
  });

  it("answers text as text", async () => {
    const open = await begin((_, response) => response.writeHead(404).end("404 page not found\n"));
    expect(await open.ask(about)).toEqual({ status: 404, body: "404 page not found\n" });
  });

  it("sends nothing that its guard keeps back", async () => {
    let asked = 0;
    const open = await begin((_, response) => {
      asked += 1;
      response.end();
    });
    const guard = (): void => {
      throw new ClusterError("UNAVAILABLE", about.attempted, "it may not");
    };
    await expect(open.ask({ ...about, guard })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "cannot read Service ns1/x: it may not",
    });
    expect(asked).toBe(0);
  });

  it("gives up on a server that does not answer", async () => {
    const open = await begin(() => {});
    await expect(open.ask({ ...about, deadlineMs: 20 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("20 ms"),
    });
    expect(outcomes).toEqual(["get Service UNAVAILABLE"]);
  });

  it("gives up on a server that answers half", async () => {
    const open = await begin((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"a":');
    });
    await expect(open.ask({ ...about, deadlineMs: 50 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  it.each([
    { name: "breaks off", answer: "destroy" },
    { name: "answers no JSON", answer: "{" },
  ])("says so of a server that $name", async ({ answer }) => {
    const open = await begin((request, response) => {
      if (answer === "destroy") request.socket.destroy();
      else response.writeHead(200, { "content-type": "application/json" }).end(answer);
    });
    await expect(open.ask(about)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("ends with the signal", async () => {
    const ending = new AbortController();
    const open = await begin(() => ending.abort());
    await expect(open.ask({ ...about, signal: ending.signal })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await expect(open.ask({ ...about, signal: ending.signal })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  it("does not send what no API server takes", async () => {
    let requests = 0;
    const open = await begin(() => {
      requests += 1;
    });
    const body = { x: "x".repeat(3 * 1_024 * 1_024) };
    await expect(open.ask({ ...about, method: "PUT", body })).rejects.toMatchObject({
      code: "INVALID",
    });
    expect(requests).toBe(0);
  });

  it("uses few connections, again and again", async () => {
    const sockets = new Set<unknown>();
    const open = await begin((request, response) => {
      sockets.add(request.socket);
      response.end("ok");
    });
    await Promise.all(Array.from({ length: 60 }, () => open.ask(about)));
    expect(sockets.size).toBeLessThanOrEqual(16);
  });

  describe("stream", () => {
    it("hands over lines as they come", async () => {
      const open = await begin((_, response) => {
        response.writeHead(200).write('{"a":1}\n{"b"');
        setImmediate(() => response.end(":2}\n"));
      });
      const lines: string[] = [];
      expect(await open.stream(about, (line) => lines.push(line))).toBeUndefined();
      expect(lines).toEqual(['{"a":1}', '{"b":2}']);
    });

    it("answers what is not a stream", async () => {
      const open = await begin((_, response) =>
        response.writeHead(410, { "content-type": "application/json" }).end('{"code":410}'),
      );
      expect(await open.stream(about, () => {})).toEqual({ status: 410, body: { code: 410 } });
    });

    it("ends a stream that has gone silent, and none that speaks", async () => {
      let speak = (_line: string): void => {};
      const open = await begin((_, response) => {
        response.writeHead(200).write("begun\n");
        speak = (line) => void response.write(`${line}\n`);
      });
      let heard = (_line: string): void => {};
      const next = (): Promise<string> =>
        new Promise((resolve) => {
          heard = resolve;
        });
      // By a time that stands still while this process does.
      jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "performance"] });
      const begun = next();
      const ended = open.stream({ ...about, deadlineMs: 100 }, (line) => heard(line));
      const refused = expect(ended).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining("100 ms"),
      });
      await begun;
      for (const word of ["one", "two", "three"]) {
        jest.advanceTimersByTime(99);
        const told = next();
        speak(word);
        expect(await told).toBe(word);
      }
      jest.advanceTimersByTime(100);
      await refused;
    });
  });
});
