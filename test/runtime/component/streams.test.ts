/** Classes that answer in parts, over both transports. */
import type { Client } from "@grpc/grpc-js";
import { describe, expect, it } from "@jest/globals";
import { type Model, response } from "../../../runtime/component/user.ts";
import { decode, encode } from "../protocol/messages.ts";
import { same } from "./grpc-client.ts";
import { withServed } from "./served.ts";

const count: Model = {
  async *predictStream(X) {
    for (const part of X as number[]) {
      await Promise.resolve();
      if (part < 0) throw new Error("below zero");
      yield response([part], { tags: { part } });
    }
  },
};

const eventsOf = async (answer: Response): Promise<unknown[]> => {
  const text = await answer.text();
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => JSON.parse(event.replace(/^data: /, "")));
};

const json = { "Content-Type": "application/json" };
const accept = { ...json, Accept: "text/event-stream" };
const inputs = (...data: number[]) => [{ name: "x", datatype: "FP64", shape: [data.length], data }];

describe("server-sent events", () => {
  const post = (url: string, body: object, headers: Record<string, string>): Promise<Response> =>
    fetch(url, { method: "POST", headers, body: JSON.stringify(body) });

  it.each(["/predict", "/api/v1.0/predictions"])("%s: a message for each part", async (path) => {
    await withServed(count, async ({ url }) => {
      const answer = await post(url + path, { data: { ndarray: [1, 2] } }, accept);
      expect(answer.headers.get("content-type")).toBe("text/event-stream");
      expect(await eventsOf(answer)).toEqual([
        { data: { names: [], ndarray: [1] }, meta: { tags: { part: 1 } } },
        { data: { names: [], ndarray: [2] }, meta: { tags: { part: 2 } } },
      ]);
    });
  });

  it.each([
    { path: "/v2/models/m/infer_stream", headers: json },
    { path: "/v2/models/m/versions/1/infer_stream", headers: json },
    { path: "/v2/models/m/infer", headers: accept },
  ])("$path: a response for each part", async ({ path, headers }) => {
    await withServed(count, async ({ url }) => {
      const answer = await post(url + path, { id: "1", inputs: inputs(1, 2) }, headers);
      expect(await eventsOf(answer)).toMatchObject([
        { id: "1", parameters: { part: 1 }, outputs: [{ name: "predict", data: [1] }] },
        { id: "1", parameters: { part: 2 }, outputs: [{ name: "predict", data: [2] }] },
      ]);
    });
  });

  it("have a single event if the class does not answer in parts", async () => {
    await withServed({ predict: () => [7] }, async ({ url }) => {
      const answer = await post(`${url}/v2/models/m/infer_stream`, { inputs: inputs(1) }, json);
      expect(await eventsOf(answer)).toMatchObject([{ outputs: [{ data: [7] }] }]);
      const plain = await post(`${url}/predict`, { data: { ndarray: [1] } }, accept);
      expect(await plain.json()).toMatchObject({ data: { ndarray: [7] } });
    });
  });

  it("have none if there are no parts", async () => {
    await withServed(count, async ({ url }) => {
      const answer = await post(`${url}/predict`, { data: { ndarray: [] } }, accept);
      expect(await eventsOf(answer)).toEqual([]);
    });
  });

  it("have a status of their own if they fail at once, else a last event", async () => {
    await withServed(count, async ({ url }) => {
      const path = `${url}/v2/models/m/infer_stream`;
      expect((await post(path, { inputs: inputs(-1) }, json)).status).toBe(500);
      expect((await post(path, { inputs: [] }, json)).status).toBe(400);
      const late = await eventsOf(await post(path, { inputs: inputs(1, -1) }, json));
      expect(late.at(-1)).toEqual({ error: "below zero" });
      const answer = await post(`${url}/predict`, { data: { ndarray: [1, -1] } }, accept);
      expect((await eventsOf(answer)).at(-1)).toMatchObject({ status: { info: "below zero" } });
    });
  });

  it("refuse a class that is asked for one answer and has only parts", async () => {
    await withServed(count, async ({ url }) => {
      expect((await post(`${url}/predict`, { data: { ndarray: [1] } }, json)).status).toBe(400);
    });
  });

  it("refuse a method that is no generator", async () => {
    await withServed({ predictStream: () => 1 }, async ({ url }) => {
      const answer = await post(`${url}/predict`, { data: { ndarray: [1] } }, accept);
      expect(answer.status).toBe(500);
    });
  });

  it("end the generator when the client leaves", async () => {
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const endless: Model = {
      async *predictStream() {
        try {
          for (;;) {
            await new Promise(setImmediate);
            yield ["part"];
          }
        } finally {
          ended();
        }
      },
    };
    await withServed(endless, async ({ url }) => {
      const abort = new AbortController();
      const answer = await fetch(`${url}/v2/models/m/infer_stream`, {
        method: "POST",
        body: JSON.stringify({ inputs: inputs(1) }),
        signal: abort.signal,
      });
      await answer.body?.getReader().read();
      abort.abort();
      await end;
    });
  });
});

describe("ModelStreamInfer", () => {
  const path = "/inference.GRPCInferenceService/ModelStreamInfer";
  const open = (client: Client) => client.makeBidiStreamRequest<Buffer, Buffer>(path, same, same);
  const request = (...values: number[]): Buffer =>
    encode("inference.ModelInferRequest", {
      id: String(values[0]),
      inputs: [
        {
          name: "x",
          datatype: "FP64",
          shape: [values.length],
          contents: { fp64_contents: values },
        },
      ],
    });
  type Part = {
    readonly error_message?: string;
    readonly infer_response?: { readonly id: string };
  };
  const talk = async (client: Client, requests: readonly Buffer[]): Promise<readonly Part[]> => {
    const call = open(client);
    for (const each of requests) call.write(each);
    call.end();
    const parts: Part[] = [];
    for await (const part of call) parts.push(decode("inference.ModelStreamInferResponse", part));
    return parts;
  };

  it("answers each request in its parts, in order", async () => {
    await withServed(count, async ({ client }) => {
      const parts = await talk(client, [request(1, 2), request(3)]);
      expect(parts).toMatchObject([
        { infer_response: { id: "1", outputs: [{ contents: { fp64_contents: [1] } }] } },
        { infer_response: { id: "1", outputs: [{ contents: { fp64_contents: [2] } }] } },
        { infer_response: { id: "3", outputs: [{ contents: { fp64_contents: [3] } }] } },
      ]);
    });
  });

  it("answers once if the class does not answer in parts", async () => {
    await withServed({ predict: (X) => X }, async ({ client }) => {
      const parts = await talk(client, [request(1), request(2)]);
      expect(parts.map(({ infer_response }) => infer_response?.id)).toEqual(["1", "2"]);
    });
  });

  it("tells of an error, and answers the next request", async () => {
    await withServed(count, async ({ client }) => {
      const parts = await talk(client, [request(1, -1), Buffer.from([255]), request(2)]);
      expect(parts).toMatchObject([
        { infer_response: { id: "1" } },
        { error_message: "below zero" },
        { error_message: expect.any(String) },
        { infer_response: { id: "2" } },
      ]);
    });
  });

  it("ends when the server stops, with the request in work answered", async () => {
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let entered = (): void => {};
    const called = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const slow: Model = {
      async *predictStream(X) {
        entered();
        await held;
        yield X;
      },
    };
    await withServed(slow, async ({ client, stop }) => {
      const idle = open(client);
      const idleEnd = new Promise((resolve) => idle.on("end", resolve).resume());
      const call = open(client);
      call.write(request(1));
      await called;
      const stopped = stop();
      go();
      const parts: unknown[] = [];
      for await (const part of call) parts.push(part);
      expect(parts).toHaveLength(1);
      await idleEnd;
      await stopped;
    });
  });

  it("goes no faster than the client reads, and ends when it leaves", async () => {
    let made = 0;
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const large = "x".repeat(50_000);
    const endless: Model = {
      *predictStream() {
        try {
          for (;;) {
            made += 1;
            yield large;
          }
        } finally {
          ended();
        }
      },
    };
    await withServed(endless, async ({ client }) => {
      const call = open(client);
      call.on("error", () => {});
      call.write(request(1));
      await new Promise((resolve) => call.once("data", resolve));
      call.pause();
      // long enough for thousands of parts, if nothing held them back
      for (let i = 0; i < 200; i += 1) await new Promise(setImmediate);
      expect(made).toBeLessThan(100);
      call.cancel();
      await end;
    });
  });
});
