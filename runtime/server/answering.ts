import { asEngineError } from "../errors.ts";
import type { Handler, HttpAnswer, HttpRequest, HttpServerOptions, HttpStream } from "./http.ts";

/** A handler that returns its answer. */
export type Answering = (
  request: HttpRequest,
) => HttpAnswer | HttpStream | Promise<HttpAnswer | HttpStream>;

/** For what is not hot, or waits for promises anyway: `onError` makes the answer to what it throws. */
export const answering =
  (answer: Answering, onError: HttpServerOptions["onError"]): Handler =>
  (request, respond) => {
    const returned = answer(request);
    if (returned instanceof Promise) {
      void returned.then(respond, (thrown: unknown) => respond(onError(asEngineError(thrown))));
    } else respond(returned);
  };
