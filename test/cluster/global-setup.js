import { startShared } from "./support/shared.ts";

/** Starts the control plane that the test files share. */
export default async () => {
  globalThis.espalierControlPlane = await startShared();
};
