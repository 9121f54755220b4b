/** Bodies that are in pooled memory: whoever asks gets their own answer, whatever else is in work. */
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { closeAfterEach } from "./cleanup.ts";
import { at, openEngine } from "./engine.ts";
import { openRestHost, post } from "./rest.ts";

const later = closeAfterEach();
const bytes = 60_000;

/** Large, and different from every other one. */
const messageOf = (id: number): string =>
  `{"strData":"${String(id)
    .padStart(6, "0")
    .repeat(bytes / 6)}"}`;

/** As many clients, each of which asks one thing after the other. */
const askAll = async (port: number, wanted: (message: string) => string): Promise<number> => {
  let wrong = 0;
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < 240) {
      next += 1;
      const message = messageOf(next);
      const { status, body } = await post(port, "/api/v1.0/predictions", message);
      if (status !== 200 || body.toString() !== wanted(message)) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: 12 }, client));
  return wrong;
};

describe("large messages", () => {
  const echo = async () =>
    openRestHost(later, {
      "/predict": ({ body }) => ({ body }),
      "/transform-input": ({ body }) => ({ body }),
      "/aggregate": ({ body }) => ({ body }),
    });
  const leaf = (name: string, httpPort: number): UnitSource => ({
    name,
    type: "MODEL",
    endpoint: at({ httpPort }),
  });

  it("come back to who sent them", async () => {
    const { httpPort } = await echo();
    const chain = { ...leaf("t", httpPort), type: "TRANSFORMER", children: [leaf("m", httpPort)] };
    const engine = await openEngine(later, chain);
    expect(await askAll(engine.httpPort, (message) => message)).toBe(0);
  });

  it("come back joined from two branches", async () => {
    const { httpPort } = await echo();
    const children = [leaf("a", httpPort), leaf("b", httpPort)];
    const engine = await openEngine(later, { ...leaf("c", httpPort), type: "COMBINER", children });
    expect(await askAll(engine.httpPort, (message) => `[${message},${message}]`)).toBe(0);
  });
});
