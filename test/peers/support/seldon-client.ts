import type { PythonClients } from "./clients.ts";

/** What SeldonClient answers. */
export type ClientAnswer = {
  readonly success: boolean;
  readonly msg: string;
  readonly request: unknown;
  readonly response: Readonly<Record<string, unknown>>;
};

export type ClientMethod = "predict" | "feedback" | "microservice" | "microservice_feedback";

export type SeldonClient = (
  method: ClientMethod,
  args: Readonly<Record<string, unknown>>,
) => Promise<ClientAnswer>;

/** A SeldonClient with these settings. Source: engine contract, section 12. */
export const makeSeldonClient =
  (clients: PythonClients, settings: object): SeldonClient =>
  async (method, args) =>
    (await clients.ask({ call: "client", settings, method, arguments: args })) as ClientAnswer; // written by seldon_clients.py
