/** What is said of routes: whether they are there, and gateways have taken them on. */
import { type Claim, claim, sentences, unfound } from "./claim.ts";
import { listAt, textAt } from "./live.ts";
import { finder, type Observation } from "./observation.ts";
import { type KubernetesObject, nameOf, refOf } from "./render/object.ts";

/** What keeps traffic from its predictors; undefined: nothing. */
export const unreadyRoutes = (seen: Observation): string | undefined => {
  const { decision, routes, live } = seen;
  if (decision.is === "wait") return `routes wait for ${decision.for.join(", ")}`;
  const missing = unfound(routes, seen);
  if (missing.length > 0) return `waits for ${missing.join(", ")}`;
  const find = finder(live);
  const refused = routes.flatMap((route) => refusalOf(find(route)) ?? []);
  return refused.length > 0 ? sentences(refused) : undefined;
};

/** Source: Gateway API, RouteStatus: each gateway's controller says whether it takes a route on. */
const refusalOf = (route: KubernetesObject | undefined): string | undefined => {
  if (route === undefined || !gatewayKinds.has(route.kind)) return undefined;
  const name = nameOf(refOf(route));
  const parents = listAt(route, "status", "parents");
  if (parents.length === 0) return `no gateway has taken on ${name}: does the Gateway exist?`;
  const accepted = parents.map((parent) =>
    listAt(parent, "conditions").find((one) => textAt(one, "type") === "Accepted"),
  );
  const refusal = accepted.find((one) => textAt(one, "status") !== "True");
  if (accepted.every((one) => textAt(one, "status") === "True")) return undefined;
  const why = textAt(refusal, "message") || textAt(refusal, "reason") || "it has not answered yet";
  return `a gateway does not accept ${name}: ${why}`;
};

const gatewayKinds: ReadonlySet<string> = new Set(["HTTPRoute", "GRPCRoute"]);

export const gatewayClaims = (seen: Observation): readonly Claim[] => {
  if (!seen.settings.gatewayApiEnabled) return [];
  const type = "GatewayRoutesReady";
  const wanted = seen.routes.filter(({ kind }) => gatewayKinds.has(kind));
  if (wanted.length === 0) return [claim(type, "Unknown", "NoRoutes")];
  const find = finder(seen.live);
  const missing = unfound(wanted, seen).map((name) => `waits for ${name}`);
  const refused = wanted.flatMap((route) => refusalOf(find(route)) ?? []);
  const why = sentences([...missing, ...refused]);
  return [
    why === ""
      ? claim(type, "True", "RoutesAccepted")
      : claim(type, "False", "RoutesNotReady", why),
  ];
};
