import { describe, it } from "@jest/globals";
import fc from "fast-check";
import { openInferenceProto } from "../../../runtime/protocol/open-inference-proto.ts";
import type { Codec } from "../../../runtime/protocol/protocol.ts";
import { seldonProto } from "../../../runtime/protocol/seldon-proto.ts";
import { tensorflowProto } from "../../../runtime/protocol/tensorflow-proto.ts";
import { encode, protoList, protoValue, rawPayload } from "./messages.ts";
import { outcome } from "./outcome.ts";

const tftensor = {
  dtype: "DT_FLOAT",
  tensor_shape: { dim: [{ size: 1 }, { size: 2, name: "d" }] },
  float_val: [1, 2],
};
const inferred = {
  name: "t",
  datatype: "INT64",
  shape: [2],
  parameters: { k: { int64_param: 1 } },
  contents: { int64_contents: [1, -1] },
};
const meta = { puid: "p", tags: { t: protoValue([1, "x"]) }, routing: { r: 1, s: -1 } };

/** Messages with everything in them that a codec looks at. */
const samples: readonly { readonly name: string; readonly codec: Codec; readonly plain: object }[] =
  [
    {
      name: "seldon.protos.SeldonMessage",
      codec: seldonProto,
      plain: {
        meta,
        data: {
          names: ["a"],
          ndarray: protoList([
            [1, 2],
            ["x", [null]],
          ]),
        },
      },
    },
    {
      name: "seldon.protos.SeldonMessage",
      codec: seldonProto,
      plain: { meta, data: { tensor: { shape: [2, 1], values: [1.5, 2] } } },
    },
    {
      name: "seldon.protos.SeldonMessage",
      codec: seldonProto,
      plain: { meta, data: { tftensor } },
    },
    {
      name: "seldon.protos.Feedback",
      codec: seldonProto,
      plain: { response: { meta }, reward: 1, request: { data: { tftensor } }, truth: { meta } },
    },
    {
      name: "inference.ModelInferRequest",
      codec: openInferenceProto,
      plain: { id: "q", inputs: [inferred], parameters: { p: { bool_param: true } } },
    },
    {
      name: "inference.ModelInferResponse",
      codec: openInferenceProto,
      plain: {
        model_name: "m",
        outputs: [{ ...inferred, contents: null }],
        raw_output_contents: [Buffer.alloc(16, 1)],
      },
    },
    {
      name: "tensorflow.serving.PredictRequest",
      codec: tensorflowProto,
      plain: { model_spec: { name: "m" }, inputs: { i: tftensor } },
    },
    {
      name: "tensorflow.serving.PredictResponse",
      codec: tensorflowProto,
      plain: { model_spec: { name: "m" }, outputs: { o: tftensor, p: tftensor } },
    },
  ];

/** A few bytes changed, cut out or doubled. */
const mutated = (bytes: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(
      fc.record({
        at: fc.nat(bytes.length - 1),
        length: fc.nat(4),
        put: fc.uint8Array({ maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((changes) =>
      changes.reduce<Buffer>(
        (text, { at, length, put }) =>
          Buffer.concat([text.subarray(0, at), put, text.subarray(at + length)]),
        bytes,
      ),
    );

const sample = fc
  .constantFrom(...samples)
  .chain(({ name, codec, plain }) =>
    mutated(encode(name, plain)).map((body) => ({ codec, message: rawPayload(name, body) })),
  );

describe("codecs of protobuf messages", () => {
  it("throw nothing but EngineError for messages that are damaged", () => {
    const view = { shape: [1], values: [1], names: ["a"] };
    fc.assert(
      fc.property(sample, ({ codec, message }) => {
        outcome(() => codec.chain(message, "m"));
        outcome(() => codec.join([message, message], "m"));
        outcome(() => codec.route(message));
        outcome(() => codec.feedbackRoutes(message)("r"));
        outcome(() => codec.record(message, new Map([["r", 1]])));
        outcome(() => codec.view(message));
        outcome(() => codec.write(view, [message]));
        outcome(() => codec.write(view, [message], { transforms: true }));
        outcome(() => codec.feedback(message).request());
        outcome(() => codec.feedback(message).truth());
        outcome(() => codec.tag(message, { k: [1] }));
        outcome(() => codec.json(message));
      }),
      { numRuns: 2000 },
    );
  });
});
