/** Which deployment a request is for, and which of its predictors answers: pure decisions. */
import type { Upstream } from "./upstream.ts";

export type Target = {
  readonly predictor: string;
  readonly weightPercent: number;
  readonly upstream: Upstream;
  /** Why requests cannot be sent there now; undefined when they can. */
  unavailable(): string | undefined;
};

export type RouteState =
  | {
      readonly is: "ready";
      readonly targets: readonly Target[];
      readonly shadow: Target | undefined;
    }
  | { readonly is: "starting"; readonly waitingFor: readonly string[] }
  | { readonly is: "failed"; readonly reason: string };

/** A deployment as the ingress sees it; `state` is asked at every request. */
export type Route = {
  readonly namespace: string;
  readonly name: string;
  state(): RouteState;
};

export type Found = {
  readonly route: Route;
  /** What was taken off the front of the path: `/seldon/<namespace>/<name>`. */
  readonly prefix: string;
  /** The rest, with the query: what the predictor gets. */
  readonly target: string;
};

/**
 * Finds the deployment that `target` names: `/seldon/<namespace>/<name>/...`, or
 * `/seldon/<name>/...` when one namespace alone has such a name, or the default one has.
 *
 * Source: operator contract, 6.1 and 6.3 (external path contract, single-namespace mode).
 */
export const findRoute = (
  target: string,
  routes: readonly Route[],
  defaultNamespace: string,
): Found | undefined => {
  const match = /^\/seldon\/([^/?]+)(?:\/([^/?]+))?/.exec(target);
  const first = match?.[1];
  const second = match?.[2];
  if (first === undefined) return undefined;

  const full = routes.find(({ namespace, name }) => namespace === first && name === second);
  if (full !== undefined) return cut(full, `/seldon/${first}/${second}`, target);

  const short = findByName(first, routes, defaultNamespace);
  return short && cut(short, `/seldon/${first}`, target);
};

/** The deployment of a name, when one namespace alone has such a name, or the default one has. */
export const findByName = (
  wanted: string,
  routes: readonly Route[],
  defaultNamespace: string,
): Route | undefined => {
  const named = routes.filter(({ name }) => name === wanted);
  return named.length === 1
    ? named[0]
    : named.find(({ namespace }) => namespace === defaultNamespace);
};

const cut = (route: Route, prefix: string, target: string): Found => {
  const rest = target.slice(prefix.length);
  return { route, prefix, target: rest.startsWith("/") ? rest : `/${rest}` };
};

export type Decision =
  | { readonly is: "serve"; readonly target: Target; readonly shadow: Target | undefined }
  | { readonly is: "wait"; readonly why: string };

/** Which predictor of a deployment answers the next request, or why none does now. */
export const decide = (route: Route, random: () => number): Decision => {
  const name = `${route.namespace}/${route.name}`;
  const state = route.state();
  switch (state.is) {
    case "starting":
      return wait(`${name} is not ready: waiting for ${state.waitingFor.join(", ")}`);
    case "failed":
      return wait(`${name} does not run: ${state.reason}`);
    case "ready": {
      const target = chooseTarget(state.targets, random());
      if (target === undefined) return wait(`${name} is not ready: it has no predictor`);
      const reason = target.unavailable();
      return reason === undefined
        ? { is: "serve", target, shadow: state.shadow }
        : wait(`${name} is not ready: ${reason}`);
    }
  }
};

const wait = (why: string): Decision => ({ is: "wait", why });

/**
 * Chooses by weight; `random` is 0 or more and less than 1. Weights that sum to nothing (a single
 * predictor with `traffic: 0` serves all the same) choose the first.
 */
export const chooseTarget = (targets: readonly Target[], random: number): Target | undefined => {
  const total = targets.reduce((sum, { weightPercent }) => sum + weightPercent, 0);
  let rest = random * total;
  for (const target of targets) {
    rest -= target.weightPercent;
    if (rest < 0) return target;
  }
  return targets[0];
};
