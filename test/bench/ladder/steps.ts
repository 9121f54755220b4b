/** The steps of the ladder: first those that answer by themselves, then those that call a node. */
import { fileURLToPath } from "node:url";
import { answerBytes } from "../cases.ts";
import { nodeCommand } from "../engine.ts";
import { nodePorts } from "../plans.ts";
import { freePort } from "../processes.ts";
import type { Variant, VariantOptions } from "../variants.ts";

export const stepNames = [
  "net answers",
  "http answers",
  "net, net",
  "http, net",
  "http, Agent",
] as const;
export type Step = (typeof stepNames)[number];

const about: Readonly<Record<Step, string>> = {
  "net answers": "HTTP by hand on node:net, no hop",
  "http answers": "node:http, no hop",
  "net, net": "server and client by hand on node:net",
  "http, net": "node:http as the server, a client by hand on node:net",
  "http, Agent": "node:http as server and client",
};

const program = fileURLToPath(new URL("main.ts", import.meta.url));

export const makeSteps = ({ env }: VariantOptions): readonly Variant[] =>
  stepNames.map((step) => ({
    name: step,
    version: `${step}: ${about[step]}`,
    serves: ({ nodes, transport }) => nodes === 1 && transport === "rest",
    prepare: async (one, stub) => {
      const port = await freePort();
      const numbers = [port, nodePorts(one, stub)[0], answerBytes[one.answer]].map(String);
      return {
        port,
        launch: { name: step, command: [nodeCommand, program, step, ...numbers], env },
      };
    },
  }));
