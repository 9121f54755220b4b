/** Answers in parts over gRPC. Source: Open Inference Protocol, ModelStreamInfer. */

import { lengthField, textField } from "../protocol/wire-write.ts";
import { offCancel, onCancel } from "../scope.ts";
import type { DuplexHandler } from "../server/grpc-call.ts";
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
  (inference: Inference, words: (thrown: unknown) => string): DuplexHandler =>
  (call, stopping) => {
    let working = false;
    let goOn: ((there: boolean) => void) | undefined;
    const end = (): void => {
      offCancel(stopping, stop);
      call.end();
    };
    const stop = (): void => {
      if (!working) end();
    };
    const isGone = (): boolean => call.scope.reason !== undefined;
    const release = (there: boolean): void => {
      const waiting = goOn;
      goOn = undefined;
      waiting?.(there);
    };
    /** Waits until there is room for more; false if the client is gone. */
    const write = (bytes: Buffer): Promise<boolean> =>
      new Promise((resolve) => {
        if (isGone()) resolve(false);
        else if (call.send(bytes)) resolve(true);
        else goOn = resolve;
      });
    const answer = async (body: Buffer): Promise<void> => {
      try {
        const { request, raw } = readInferRequest(body);
        for await (const response of inference.stream(request, "grpc")) {
          const bytes = lengthField(responseField, [writeInferResponse(response, raw)]);
          if (!(await write(Buffer.concat(bytes)))) return;
        }
      } catch (thrown) {
        const text = words(thrown);
        await write(Buffer.concat(textField(errorField, text)));
      }
    };
    onCancel(stopping, stop);
    onCancel(call.scope, () => {
      offCancel(stopping, stop);
      release(false);
    });
    return {
      message: (body) => {
        call.pause();
        working = true;
        void answer(body).then(() => {
          working = false;
          if (stopping.reason === undefined) call.resume();
          else end();
        });
      },
      end,
      room: () => release(true),
    };
  };
