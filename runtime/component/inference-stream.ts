/** Answers in parts over gRPC. Source: Open Inference Protocol, ModelStreamInfer. */

import { lengthField, textField } from "../protocol/wire-write.ts";
import { offCancel, onCancel } from "../scope.ts";
import type { DuplexStream, StreamHandler } from "../server/grpc.ts";
import type { Inference } from "./inference.ts";
import { readInferRequest, writeInferResponse } from "./inference-proto.ts";

/** Fields of a ModelStreamInferResponse. */
const errorField = 1;
const responseField = 2;

/**
 * Answers the requests of a stream one after the other, each in its parts, no faster than the
 * client reads. An error is a message too: the next request is answered. When the server stops, the
 * request in work is answered, and the stream ends.
 */
export const makeStreamInfer =
  (inference: Inference, words: (thrown: unknown) => string): StreamHandler<DuplexStream> =>
  (call, stopping) => {
    let working = false;
    const end = (): void => {
      offCancel(stopping, stop);
      call.end();
    };
    const stop = (): void => {
      if (!working) end();
    };
    const answer = async (body: Buffer): Promise<void> => {
      try {
        const { request, raw } = readInferRequest(body);
        for await (const response of inference.stream(request, "grpc")) {
          const bytes = lengthField(responseField, [writeInferResponse(response, raw)]);
          if (call.cancelled || !(await write(call, Buffer.concat(bytes)))) return;
        }
      } catch (thrown) {
        const text = words(thrown);
        if (!call.cancelled) await write(call, Buffer.concat(textField(errorField, text)));
      }
    };
    call.on("data", (body: Buffer) => {
      call.pause();
      working = true;
      void answer(body).then(() => {
        working = false;
        if (stopping.reason === undefined) call.resume();
        else end();
      });
    });
    call.on("end", end);
    call.on("cancelled", () => offCancel(stopping, stop));
    call.on("error", () => {}); // the client is gone, and the call with it
    onCancel(stopping, stop);
  };

/** Waits until there is room for more; false if the client is gone. */
const write = (call: DuplexStream, bytes: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    if (call.write(bytes)) {
      resolve(true);
      return;
    }
    const finish = (there: boolean) => (): void => {
      call.off("drain", drained);
      call.off("cancelled", gone);
      resolve(there);
    };
    const drained = finish(true);
    const gone = finish(false);
    call.on("drain", drained);
    call.on("cancelled", gone);
  });
