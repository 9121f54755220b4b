import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { InferRequest } from "../../../runtime/component/inference-types.ts";
import { ComponentError, type Model } from "../../../runtime/component/user.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { echo } from "./fixture.ts";
import { callBytes } from "./grpc-client.ts";
import {
  type Ask,
  callInference,
  type PlainRequest,
  type PlainTensor,
  ways,
} from "./inference-client.ts";
import { type Options, type Served, withServed } from "./served.ts";

const each = (ask: (way: Ask, name: string) => Promise<void>) => async (served: Served) => {
  for (const way of ways) await ask(served.asks[way] ?? (() => Promise.reject(way)), way);
};

const tensor = (
  name: string,
  datatype: string,
  shape: readonly number[],
  data: readonly unknown[],
): PlainTensor => ({ name, datatype, shape, data });

describe("tensors in", () => {
  const rows: readonly {
    readonly name: string;
    readonly request: PlainRequest;
    readonly X: unknown;
    readonly names?: readonly string[];
  }[] = [
    ...["INT8", "UINT16", "INT32", "INT64", "UINT64", "FP32", "FP64"].map((datatype) => ({
      name: datatype,
      request: { inputs: [tensor("x", datatype, [2, 2], [1, 2, 3, 4])] },
      X: [
        [1, 2],
        [3, 4],
      ],
    })),
    {
      name: "negative numbers",
      request: { inputs: [tensor("x", "INT64", [2], [-1, -(2 ** 40)])] },
      X: [-1, -(2 ** 40)],
    },
    {
      name: "three dimensions",
      request: { inputs: [tensor("x", "FP64", [1, 2, 1], [0.5, -1])] },
      X: [[[0.5], [-1]]],
    },
    {
      name: "booleans",
      request: { inputs: [tensor("x", "BOOL", [2, 1], [true, false])] },
      X: [[true], [false]],
    },
    {
      name: "texts",
      request: { inputs: [tensor("x", "BYTES", [1, 2], ["ä", ""])] },
      X: [["ä", ""]],
    },
    {
      name: "columns of numbers as a table",
      request: { inputs: [tensor("a", "FP64", [2], [1, 2]), tensor("b", "INT32", [2, 1], [3, 4])] },
      X: [
        [1, 3],
        [2, 4],
      ],
      names: ["a", "b"],
    },
    {
      name: "columns of anything as a table",
      request: {
        inputs: [tensor("a", "BYTES", [2], ["x", "y"]), tensor("b", "FP64", [2], [3, 4])],
      },
      X: [
        ["x", 3],
        ["y", 4],
      ],
      names: ["a", "b"],
    },
    {
      name: "a data frame of one column",
      request: {
        parameters: { content_type: "pd" },
        inputs: [tensor("a", "FP64", [2], [1, 2])],
      },
      X: [[1], [2]],
      names: ["a"],
    },
    {
      name: "other tensors as an object",
      request: {
        inputs: [tensor("image", "FP32", [1, 2], [1, 2]), tensor("size", "INT32", [3], [3, 4, 5])],
      },
      X: { image: [[1, 2]], size: [3, 4, 5] },
    },
    {
      name: "names of columns, as the component before wrote them",
      request: {
        inputs: [{ ...tensor("x", "FP64", [1, 2], [1, 2]), parameters: { names: '["a","b"]' } }],
      },
      X: [[1, 2]],
      names: ["a", "b"],
    },
    { name: "no rows", request: { inputs: [tensor("x", "FP64", [0, 2], [])] }, X: [] },
  ];
  it.each(rows)("$name", async ({ request, X, names = [] }) => {
    let got: readonly unknown[] = [];
    const model: Model = {
      predict: (...args) => {
        got = args.slice(0, 2);
        return [[1]];
      },
    };
    await withServed(
      model,
      each(async (ask) => {
        expect(await ask(request)).toMatchObject({ status: "ok", text: "" });
        expect(got).toEqual([X, names]);
      }),
    );
  });

  it("half floats, which have no typed contents", async () => {
    const half = Buffer.from([0x00, 0x3c, 0x00, 0xc0]).toString("base64");
    const message = {
      inputs: [{ name: "x", datatype: "FP16", shape: [2] }],
      raw_input_contents: [half],
    };
    await withServed({ predict: echo }, async ({ client }) => {
      const { message: reply } = await callInference(client, "ModelInfer", message);
      const raw = Buffer.from(String((reply["raw_output_contents"] as string[])[0]), "base64");
      expect([raw.readDoubleLE(0), raw.readDoubleLE(8)]).toEqual([1, -2]);
    });
  });

  it("nested data, numbers for booleans, and BYTES in base64", async () => {
    const model: Model = { predict: (X) => ({ got: JSON.stringify(X) }) };
    await withServed(model, async ({ asks }) => {
      const ask = async (input: object): Promise<unknown> => {
        const { outputs } =
          (await asks["REST with JSON"]?.({ inputs: [input as PlainTensor] })) ?? {};
        return JSON.parse(JSON.parse(String(outputs?.[0]?.data[0])).got);
      };
      expect(await ask({ name: "x", datatype: "FP64", shape: [2, 1], data: [[1], [2]] })).toEqual([
        [1],
        [2],
      ]);
      expect(await ask({ name: "x", datatype: "BOOL", shape: [2], data: [1, 0] })).toEqual([
        true,
        false,
      ]);
      const parameters = { content_type: "base64" };
      expect(
        await ask({ name: "x", datatype: "BYTES", shape: [1], data: ["/w=="], parameters }),
      ).toEqual([{ type: "Buffer", data: [255] }]);
    });
  });
});

describe("tensors out", () => {
  const declared = (datatype: string) => ({
    metadata: { outputs: [{ name: "score", datatype, shape: [-1] }] },
  });
  const rows: readonly {
    readonly name: string;
    readonly returned: unknown;
    readonly options?: Options;
    readonly outputs: readonly PlainTensor[];
  }[] = [
    {
      name: "numbers",
      returned: [[1, 2.5]],
      outputs: [tensor("predict", "FP64", [1, 2], [1, 2.5])],
    },
    {
      name: "a typed array",
      returned: Float32Array.of(1, 2),
      outputs: [tensor("predict", "FP64", [2], [1, 2])],
    },
    {
      name: "booleans",
      returned: [true, false],
      outputs: [tensor("predict", "BOOL", [2], [true, false])],
    },
    {
      name: "texts",
      returned: [["a"], ["ü"]],
      outputs: [tensor("predict", "BYTES", [2, 1], ["a", "ü"])],
    },
    { name: "a text", returned: "ü", outputs: [tensor("predict", "BYTES", [1], ["ü"])] },
    {
      name: "an object",
      returned: { a: 1 },
      outputs: [tensor("predict", "BYTES", [1], ['{"a":1}'])],
    },
    {
      name: "an object of arrays",
      returned: { score: [[0.5]], label: ["a"] },
      outputs: [tensor("score", "FP64", [1, 1], [0.5]), tensor("label", "BYTES", [1], ["a"])],
    },
    {
      name: "an object of arrays, of which one is declared",
      returned: { score: [1], label: ["a"] },
      options: declared("INT32"),
      outputs: [tensor("score", "INT32", [1], [1]), tensor("label", "BYTES", [1], ["a"])],
    },
    ...["INT8", "UINT16", "INT32", "INT64", "UINT64", "FP32", "FP64"].map((datatype) => ({
      name: `numbers that are declared ${datatype}`,
      returned: [1, 2],
      options: declared(datatype),
      outputs: [tensor("score", datatype, [2], [1, 2])],
    })),
    {
      name: "texts, though numbers are declared",
      returned: ["a"],
      options: declared("INT32"),
      outputs: [tensor("score", "BYTES", [1], ["a"])],
    },
    { name: "nothing", returned: [], outputs: [tensor("predict", "FP64", [0], [])] },
  ];
  const request = { inputs: [tensor("x", "FP64", [1], [1])] };
  it.each(rows)("$name", async ({ returned, options, outputs }) => {
    await withServed(
      { predict: () => returned },
      each(async (ask) => {
        expect(await ask(request)).toMatchObject({ text: "", outputs });
      }),
      options,
    );
  });

  it.each([
    { name: "a mix", returned: [1, "a"] },
    { name: "an array that is not regular", returned: [[1], [1, 2]] },
    { name: "objects in an array", returned: [{}] },
    { name: "a number that is not what is declared", returned: [0.5], options: declared("INT32") },
    {
      name: "a number beyond what is declared",
      returned: [2 ** 31],
      options: declared("INT32"),
      only: "gRPC",
    },
  ])("fail for $name", async ({ returned, options = {}, only = "" }) => {
    await withServed(
      { predict: () => returned },
      each(async (ask, way) => {
        if (way.startsWith(only)) expect(await ask(request)).toMatchObject({ status: "failed" });
      }),
      options,
    );
  });

  it("carry NaN where they can", async () => {
    await withServed({ predict: () => [Number.NaN] }, async ({ asks }) => {
      for (const way of ways) {
        const reply = await asks[way]?.(request);
        if (way === "REST with JSON") expect(reply).toMatchObject({ status: "failed" });
        else expect(reply?.outputs[0]?.data).toEqual([Number.NaN]);
      }
    });
  });

  it("carry bytes that are no text", async () => {
    await withServed({ predict: () => Buffer.from([255]) }, async ({ asks }) => {
      expect(await asks["REST with JSON"]?.(request)).toMatchObject({
        outputs: [{ datatype: "BYTES", data: ["/w=="], parameters: { content_type: "base64" } }],
      });
    });
  });

  it("are called as the request calls them", async () => {
    await withServed(
      { predict: () => [1] },
      each(async (ask) => {
        const reply = await ask({ ...request, outputs: [{ name: "OUTPUT0" }] });
        expect(reply.outputs).toEqual([tensor("OUTPUT0", "FP64", [1], [1])]);
      }),
    );
    await withServed(
      { predict: () => ({ a: [1], b: [2] }) },
      each(async (ask) => {
        const some = await ask({ ...request, outputs: [{ name: "b" }] });
        expect(some.outputs.map(({ name }) => name)).toEqual(["b"]);
        expect(await ask({ ...request, outputs: [{ name: "c" }] })).toMatchObject({
          status: "refused",
        });
      }),
    );
  });
});

describe("requests", () => {
  const input = tensor("x", "FP64", [1, 1], [2]);

  it("pass id and parameters on and back, with the tags of the class", async () => {
    let got: unknown;
    const model: Model = {
      predict: (X, _names, meta) => {
        got = meta;
        return X;
      },
      tags: () => ({ own: true, nested: { a: 1 } }),
      classNames: ["score"],
    };
    await withServed(
      model,
      each(async (ask, way) => {
        const reply = await ask({
          id: "42",
          parameters: { given: "a", times: 3 },
          inputs: [input],
        });
        expect(got).toEqual({ puid: "42", tags: { given: "a", times: 3 } });
        const nested = way.startsWith("REST") ? { a: 1 } : '{"a":1}';
        expect(reply).toMatchObject({
          model_name: "unit",
          id: "42",
          parameters: { given: "a", times: 3, own: true, nested },
          outputs: [{ parameters: { names: '["score"]' } }],
        });
      }),
    );
  });

  it.each([
    { action: "transformInput", model: { transformInput: () => [7] } },
    { action: "transformOutput", model: { transformOutput: () => [7] } },
    { action: "predict", model: { predictRaw: () => ({ data: { ndarray: [7] } }) } },
    {
      action: "predict",
      model: { predictRaw: () => ({ data: { tensor: { shape: [1], values: [7] } } }) },
    },
  ] as const)("reach $action", async ({ action, model }) => {
    await withServed(
      model,
      each(async (ask) => {
        const { outputs } = await ask({ inputs: [input] });
        expect(outputs).toEqual([tensor("predict", "FP64", [1], [7])]);
      }),
      { action },
    );
  });

  it("reach a router", async () => {
    await withServed(
      { route: (X) => (X as number[][])[0]?.[0] },
      async (served) => {
        await each(async (ask) => {
          const { outputs } = await ask({ inputs: [input] });
          expect(outputs).toEqual([tensor("predict", "INT64", [1, 1], [2])]);
        })(served);
        const reply = await served.asks["REST with JSON"]?.(
          { inputs: [input] },
          "/v2/models/unit/route",
        );
        expect(reply?.outputs).toEqual([tensor("predict", "INT64", [1, 1], [2])]);
      },
      { action: "route" },
    );
  });

  it("reach a combiner, as an engine joins them", async () => {
    const model: Model = { aggregate: (Xs) => Xs.map((X) => (X as number[][])[0]) };
    const answer = (value: number) => ({
      model_name: "child",
      outputs: [tensor("predict", "FP64", [1, 1], [value])],
    });
    await withServed(
      model,
      async ({ url, asks }) => {
        for (const path of ["aggregate", "infer"]) {
          const reply = await fetch(`${url}/v2/models/unit/${path}`, {
            method: "POST",
            body: JSON.stringify([answer(1), answer(2)]),
          });
          expect(await reply.json()).toMatchObject({ outputs: [{ shape: [2, 1], data: [1, 2] }] });
        }
        const joined = [0, 1].map((child) => ({
          ...tensor("predict", "FP64", [1, 1], [child + 5]),
          parameters: { "espalier.child": child },
        }));
        for (const way of ways.slice(2)) {
          const reply = await asks[way]?.({ inputs: joined });
          expect(reply?.outputs).toEqual([tensor("predict", "FP64", [2, 1], [5, 6])]);
        }
      },
      { action: "aggregate" },
    );
  });

  it("reach inferRaw as they are", async () => {
    let got: InferRequest | undefined;
    const model: Model = {
      inferRaw: (request) => {
        got = request;
        return { outputs: [{ name: "y", datatype: "INT32", shape: [2], data: [1, 2] }] };
      },
    };
    await withServed(
      model,
      each(async (ask) => {
        const reply = await ask({ id: "1", inputs: [input] });
        expect(got).toMatchObject({ model_name: "unit", id: "1", inputs: [input] });
        expect(reply).toMatchObject({ id: "1", outputs: [tensor("y", "INT32", [2], [1, 2])] });
      }),
    );
    await withServed(
      { inferRaw: () => ({ outputs: [{ name: "y", datatype: "INT32", shape: [3], data: [1] }] }) },
      each(async (ask) => {
        expect(await ask({ inputs: [input] })).toMatchObject({ status: "failed" });
      }),
    );
  });

  it("may be compressed", async () => {
    await withServed({ predict: echo }, async ({ url }) => {
      const reply = await fetch(`${url}/v2/models/unit/infer`, {
        method: "POST",
        headers: { "Content-Encoding": "gzip" },
        body: gzipSync(JSON.stringify({ inputs: [input] })),
      });
      expect(reply.status).toBe(200);
      await reply.arrayBuffer();
    });
  });

  it("may name a version, and are answered with it", async () => {
    await withServed({ predict: echo }, async ({ url }) => {
      const reply = await fetch(`${url}/v2/models/other%20name/versions/3/infer`, {
        method: "POST",
        body: JSON.stringify({ inputs: [input] }),
      });
      expect(await reply.json()).toMatchObject({ model_name: "other name", model_version: "3" });
    });
  });
});

describe("refusals", () => {
  const bad: readonly {
    readonly name: string;
    readonly inputs: readonly object[];
    readonly json?: true;
  }[] = [
    { name: "no inputs", inputs: [] },
    { name: "too few values", inputs: [tensor("x", "FP64", [2], [1])] },
    { name: "a size below 0", inputs: [tensor("x", "FP64", [-1], [1])] },
    { name: "rows without columns by the billion", inputs: [tensor("x", "FP64", [1e9, 0], [])] },
    { name: "a datatype that is none", inputs: [tensor("x", "COMPLEX", [1], [1])] },
    { name: "the datatype of a prototype", inputs: [tensor("x", "toString", [1], [1])] },
    { name: "text for numbers", inputs: [tensor("x", "FP64", [1], ["1"])], json: true },
    { name: "a fraction for an integer", inputs: [tensor("x", "INT32", [1], [0.5])], json: true },
    {
      name: "nested data of another shape",
      inputs: [tensor("x", "FP64", [2, 1], [[1, 2]])],
      json: true,
    },
    {
      name: "nested data that is not regular",
      inputs: [tensor("x", "FP64", [2, 2], [[1, 2], [1]])],
      json: true,
    },
    { name: "no data", inputs: [{ name: "x", datatype: "FP64", shape: [1] }], json: true },
    { name: "no shape", inputs: [{ name: "x", datatype: "FP64", data: [1] }], json: true },
    { name: "no name", inputs: [{ datatype: "FP64", shape: [1], data: [1] }], json: true },
    { name: "what is no tensor", inputs: [[1]], json: true },
  ];
  it.each(bad)("$name", async ({ inputs, json }) => {
    await withServed(
      { predict: echo },
      each(async (ask, way) => {
        if (json && way !== "REST with JSON") return;
        const reply = await ask({ inputs: inputs as readonly PlainTensor[] });
        expect(reply.status).toBe("refused");
        expect(reply.text).not.toBe("");
      }),
    );
  });

  const head = (value: unknown) => ({ "Inference-Header-Content-Length": String(value) });
  const binary = (size: unknown, rest: string): string =>
    JSON.stringify({
      inputs: [{ name: "x", datatype: "FP64", shape: [1], parameters: { binary_data_size: size } }],
    }) + rest;
  const json = binary(8, "").length;
  it.each([
    { name: "what is no JSON", body: "{", headers: {} },
    { name: "what is no object", body: "[]", headers: {} },
    { name: "bytes that are not UTF-8", body: Buffer.from([255]), headers: {} },
    { name: "a JSON part beyond the body", body: "{}", headers: head(3) },
    { name: "raw bytes that are not there", body: binary(8, "1234"), headers: head(json) },
    { name: "raw bytes that belong to nobody", body: binary(8, "123456789"), headers: head(json) },
    { name: "a size that is none", body: binary("x", ""), headers: {} },
    { name: "a size below 0", body: binary(-1, ""), headers: {} },
    { name: "raw bytes of no whole number of values", body: binary(3, "123"), headers: head(json) },
  ])("$name", async ({ body, headers }) => {
    await withServed({ predict: echo }, async ({ url }) => {
      const answer = await fetch(`${url}/v2/models/unit/infer`, { method: "POST", headers, body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: expect.any(String) });
    });
  });

  it("raw contents for some tensors alone", async () => {
    const message = {
      inputs: [tensor("x", "FP64", [1], []), tensor("y", "FP64", [1], [])].map(
        ({ data, ...input }) => input,
      ),
      raw_input_contents: [Buffer.alloc(8).toString("base64")],
    };
    await withServed({ predict: echo }, async ({ client }) => {
      const { code } = await callInference(client, "ModelInfer", message);
      expect(code).toBe(grpcCodes.INVALID_ARGUMENT);
    });
  });

  it.each([
    { thrown: new Error("boom"), status: 500, code: "UNKNOWN" },
    { thrown: new ComponentError("boom", { status: 404 }), status: 404, code: "NOT_FOUND" },
  ] as const)("what a method throws: $code", async ({ thrown, status, code }) => {
    const model: Model = {
      predict: () => {
        throw thrown;
      },
    };
    await withServed(model, async ({ url, client }) => {
      const inputs = [tensor("x", "FP64", [1], [1])];
      const answer = await fetch(`${url}/v2/models/unit/infer`, {
        method: "POST",
        body: JSON.stringify({ inputs }),
      });
      expect(answer.status).toBe(status);
      expect(await answer.json()).toEqual({ error: "boom" });
      const plain = {
        inputs: [{ name: "x", datatype: "FP64", shape: [1], contents: { fp64_contents: [1] } }],
      };
      expect((await callInference(client, "ModelInfer", plain)).code).toBe(grpcCodes[code]);
    });
  });

  it("what a raw prediction says has failed", async () => {
    const model: Model = { predictRaw: () => ({ status: { code: 418, info: "teapot" } }) };
    await withServed(model, async ({ url }) => {
      const answer = await fetch(`${url}/v2/models/unit/infer`, {
        method: "POST",
        body: JSON.stringify({ inputs: [tensor("x", "FP64", [1], [1])] }),
      });
      expect(answer.status).toBe(418);
      expect(await answer.json()).toEqual({ error: "teapot" });
    });
  });

  it("any bytes, and the next request is answered", async () => {
    await withServed({ predict: echo }, async ({ url, client, asks }) => {
      const path = "/inference.GRPCInferenceService/ModelInfer";
      const bytes = fc.uint8Array({ maxLength: 80 }).map((each) => Buffer.from(each));
      const sizes = fc.option(fc.nat(80), { nil: undefined });
      await fc.assert(
        fc.asyncProperty(bytes, sizes, async (body, size) => {
          const { code } = await callBytes(client, path, body);
          expect(code).toBe(grpcCodes.INVALID_ARGUMENT);
          const headers = size === undefined ? {} : head(size);
          const answer = await fetch(`${url}/v2/models/unit/infer`, {
            method: "POST",
            headers,
            body,
          });
          expect(answer.status).toBe(400);
          await answer.arrayBuffer();
        }),
        { numRuns: 200 },
      );
      const reply = await asks["REST with JSON"]?.({ inputs: [tensor("x", "FP64", [1], [1])] });
      expect(reply?.status).toBe("ok");
    });
  });
});

describe("server and model", () => {
  const metadata = {
    name: "image",
    versions: ["1"],
    platform: "p",
    inputs: [{ messagetype: "tensor" }, { name: "x", datatype: "FP64", shape: [-1, 2] }],
    outputs: [],
  };
  const described = {
    name: "unit",
    versions: ["1"],
    platform: "p",
    inputs: [{ name: "x", datatype: "FP64", shape: [-1, 2] }],
    outputs: [],
  };
  it.each([
    { path: "/v2", body: { name: "espalier", extensions: ["binary_tensor_data"] } },
    { path: "/v2/health/live", body: { live: true } },
    { path: "/v2/health/ready", body: { ready: true } },
    { path: "/v2/models/unit", body: described },
    { path: "/v2/models/unit/versions/1", body: described },
    { path: "/v2/models/unit/ready", body: { name: "unit", ready: true } },
    { path: "/v2/models/unit/versions/1/ready", body: { name: "unit", ready: true } },
  ])("GET $path", async ({ path, body }) => {
    const act = async ({ url }: Served) => {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(await answer.json()).toMatchObject(body);
    };
    await withServed({ predict: echo }, act, { metadata });
  });

  it.each([
    { method: "ServerLive", message: { live: true } },
    { method: "ServerReady", message: { ready: true } },
    { method: "ModelReady", message: { ready: true } },
    { method: "ServerMetadata", message: { name: "espalier", extensions: ["binary_tensor_data"] } },
    {
      method: "ModelMetadata",
      message: {
        name: "unit",
        versions: ["1"],
        platform: "p",
        inputs: [{ name: "x", datatype: "FP64", shape: [-1, 2] }],
      },
    },
  ])("$method", async ({ method, message }) => {
    const act = async ({ client }: Served) => {
      expect(await callInference(client, method)).toMatchObject({ code: 0, message });
    };
    await withServed({ predict: echo }, act, { metadata });
  });

  it("are not ready when the class is not healthy, but live", async () => {
    const model: Model = {
      predict: echo,
      healthStatus: () => {
        throw new Error("no weights");
      },
    };
    await withServed(model, async ({ url, client }) => {
      for (const path of ["/v2/health/ready", "/v2/models/unit/ready"]) {
        const answer = await fetch(url + path);
        expect(answer.status).toBe(503);
        expect(await answer.json()).toEqual({ error: "the model is not ready: no weights" });
      }
      expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
      expect((await callInference(client, "ServerReady")).message).toEqual({ ready: false });
      expect((await callInference(client, "ModelReady")).message).toEqual({ ready: false });
    });
  });

  it.each([
    { method: "GET", path: "/v2/", status: 404 },
    { method: "GET", path: "/v2/models", status: 404 },
    { method: "GET", path: "/v2/models/unit/none", status: 404 },
    { method: "GET", path: "/v2/models/unit/infer", status: 405 },
    { method: "POST", path: "/v2/health/live", status: 405 },
  ])(
    "$method $path is $status, in the words of this protocol",
    async ({ method, path, status }) => {
      await withServed({ predict: echo }, async ({ url }) => {
        const answer = await fetch(url + path, { method });
        expect(answer.status).toBe(status);
        expect(await answer.json()).toEqual({ error: expect.any(String) });
      });
    },
  );
});
