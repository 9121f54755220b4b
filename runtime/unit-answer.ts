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
export const unitAnswer = async <Carried>(
  { graph, protocol }: Speaking<Carried>,
  name: string,
  verb: "status" | "metadata",
  call: Call<Carried>,
): Promise<Payload> => {
  const unit = preorder(graph.units).find(({ plan }) => plan.name === name);
  // The wording is part of the interface. Source: engine contract, 2.6.
  if (unit === undefined) throw new EngineError("UNIT_UNKNOWN", `Failed to find model ${name}`);
  if (verb === "metadata") return metadataOf(unit, call);
  return builtInOf(unit) === undefined ? ask(unit, verb, call) : json(protocol.healthy(name));
};

/** What a unit that is there says of itself. */
export const metadataOf = async <Carried>(
  unit: Unit<Carried>,
  call: Call<Carried>,
): Promise<Payload> => {
  const { plan } = unit;
  const builtIn = builtInOf(unit);
  if (builtIn === undefined) return ask(unit, "metadata", call);
  const { implementation, inputs, outputs, custom } = aboutBuiltIn(plan, builtIn);
  const versions = [implementation];
  return json({ name: plan.name, platform: "espalier", versions, inputs, outputs, custom });
};

/** A container stands in for a built-in node that has one. */
const builtInOf = <Carried>({ remote, builtIn }: Unit<Carried>): Unit<Carried>["builtIn"] =>
  remote === undefined ? builtIn : undefined;

const ask = <Carried>(
  { plan, remote }: Unit<Carried>,
  verb: "status" | "metadata",
  call: Call<Carried>,
): Promise<Payload> => {
  if (remote !== undefined) return promised((done) => remote.call(verb, undefined, call, done));
  throw new EngineError(
    "NODE_WITHOUT_ENDPOINT",
    `node ${plan.name} has no endpoint to ask for its ${verb}`,
  );
};
