import { EngineError, type ErrorCode } from "../../../runtime/errors.ts";

/** The code of the EngineError that `act` throws; undefined if it throws nothing. */
export const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.code;
    throw thrown;
  }
};

/** What `act` returns, or the code of the EngineError that it throws; any other error goes on. */
export const outcome = <T>(act: () => T): T | ErrorCode => {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.code;
    throw thrown;
  }
};
