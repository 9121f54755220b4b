import { type EngineError, httpStatusOf } from "../errors.ts";
import type { HttpAnswer } from "../server/http.ts";

/** How protocols other than `seldon` tell of an error. Source: deviation E4. */
export const plainFailure = (error: EngineError): HttpAnswer => ({
  status: httpStatusOf(error),
  headers: ["Content-Type", "application/json"],
  body: JSON.stringify({ error: error.message }),
});
