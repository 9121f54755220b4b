import { aboutBuiltIn } from "./built-in-about.ts";
import { promised } from "./done.ts";
import type { Call } from "./engine/call.ts";
import { EngineError } from "./errors.ts";
import { type Graph, preorder, type Unit } from "./graph.ts";
import type { Payload } from "./payload.ts";
import type { RestProtocol } from "./protocol/protocol.ts";

const json = (value: object): Payload => ({
  body: Buffer.from(JSON.stringify(value)),
  contentType: "application/json",
  contentEncoding: undefined,
});

type Speaking<Carried> = {
  readonly graph: Graph<Carried>;
  readonly protocol: Pick<RestProtocol, "healthy">;
};

/**
 * What one unit says of its status or of itself: a container's answer as it came; built-in nodes
 * are healthy and describe themselves.
 *
 * @throws {EngineError} UNIT_UNKNOWN, NODE_WITHOUT_ENDPOINT, and what calling the unit throws.
 * Source: engine contract, 2.1 and 6.9; deviation E15.
 */
export const unitAnswer = <Carried>(
  { graph, protocol }: Speaking<Carried>,
  name: string,
  verb: "status" | "metadata",
  call: Call<Carried>,
): Promise<Payload> => {
  const unit = preorder(graph.units).find(({ plan }) => plan.name === name);
  // The wording is part of the interface. Source: engine contract, 2.6.
  if (unit === undefined) throw new EngineError("UNIT_UNKNOWN", `Failed to find model ${name}`);
  const isOurs = unit.remote === undefined && unit.builtIn !== undefined;
  if (isOurs && verb === "status") return Promise.resolve(json(protocol.healthy(name)));
  return askUnit(unit, verb, call);
};

/** The same of a unit that is there; a built-in one is asked for its metadata alone. */
export const askUnit = async <Carried>(
  unit: Unit<Carried>,
  verb: "status" | "metadata",
  call: Call<Carried>,
): Promise<Payload> => {
  const { name } = unit.plan;
  const { remote, builtIn } = unit;
  if (remote !== undefined) return promised((done) => remote.call(verb, undefined, call, done));
  if (builtIn !== undefined && verb === "metadata") {
    const { implementation, inputs, outputs, custom } = aboutBuiltIn(unit.plan, builtIn);
    const versions = [implementation];
    return json({ name, platform: "espalier", versions, inputs, outputs, custom });
  }
  throw new EngineError(
    "NODE_WITHOUT_ENDPOINT",
    `node ${name} has no endpoint to ask for its ${verb}`,
  );
};
