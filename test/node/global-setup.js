import { startShared } from "./support/shared.ts";

/** Starts the node that the test files share. */
export default async () => {
  globalThis.espalierStopNode = await startShared();
};
