/** Which deployment a gRPC call is for. Pure. */
import type { GrpcCode } from "../runtime/grpc-status.ts";
import { findByName, type Route } from "./routes.ts";

export type GrpcCall = {
  /** The full method: `/seldon.protos.Seldon/Predict`. */
  readonly path: string;
  /** Value of the metadata `seldon`. */
  readonly deployment: string | undefined;
  /** Value of the metadata `namespace`. */
  readonly namespace: string | undefined;
};

export type GrpcFound =
  | { readonly is: "found"; readonly route: Route }
  | { readonly is: "nothing"; readonly code: GrpcCode; readonly why: string };

/**
 * Finds the deployment that the metadata names. A namespace may be left out where one alone has
 * such a name, or the default one has. Tools that know no metadata may ask about health and
 * services where there is but one deployment.
 *
 * Source: operator contract, 6.1 and 6.3 (external path contract); engine contract, 12.
 */
export const findGrpcRoute = (
  call: GrpcCall,
  routes: readonly Route[],
  defaultNamespace: string,
): GrpcFound => {
  const { path, deployment, namespace } = call;
  const [only] = routes;
  if (only === undefined) return nothing("NOT_FOUND", "there is no deployment here");
  if (deployment === undefined) {
    const mayGuess = isForTools(path);
    if (mayGuess && routes.length === 1) return { is: "found", route: only };
    const why = `the call names no deployment; send the metadata of one of these: ${choices(routes)}`;
    return nothing(mayGuess ? "NOT_FOUND" : "UNIMPLEMENTED", why);
  }
  const route =
    namespace === undefined
      ? findByName(deployment, routes, defaultNamespace)
      : routes.find((one) => one.name === deployment && one.namespace === namespace);
  if (route !== undefined) return { is: "found", route };
  const isSpread = namespace === undefined && routes.some(({ name }) => name === deployment);
  const what = isSpread
    ? `several namespaces have a deployment "${deployment}"`
    : `there is no deployment "${deployment}"${namespace === undefined ? "" : ` in namespace "${namespace}"`}`;
  return nothing(
    "NOT_FOUND",
    `${what}; send the metadata of one that there is: ${choices(routes)}`,
  );
};

/** Services that tools ask for, whatever is served. */
const isForTools = (path: string): boolean => /^\/grpc\.(?:health|reflection)\./.test(path);

const nothing = (code: GrpcCode, why: string): GrpcFound => ({ is: "nothing", code, why });

const mostChoices = 20;

const choices = (routes: readonly Route[]): string => {
  const first = routes
    .slice(0, mostChoices)
    .map(({ namespace, name }) => `seldon=${name} namespace=${namespace}`);
  const rest = routes.length - first.length;
  return [...first, ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
};
