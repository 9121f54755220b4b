import type { HttpAnswer } from "../runtime/server/http.ts";
import type { Route, RouteState } from "./routes.ts";

/** What runs here, for `GET /`: as JSON if the client asks for it, else as text for people. */
export const listing = (routes: readonly Route[], accept: string | undefined): HttpAnswer =>
  accept?.includes("application/json")
    ? {
        status: 200,
        headers: ["Content-Type", "application/json"],
        body: `${JSON.stringify({ deployments: routes.map(entryOf) })}\n`,
      }
    : {
        status: 200,
        headers: ["Content-Type", "text/plain; charset=utf-8"],
        body: textOf(routes),
      };

const entryOf = (route: Route): object => {
  const { namespace, name } = route;
  const state = route.state();
  const entry = { namespace, name, path: `/seldon/${namespace}/${name}`, state: state.is };
  switch (state.is) {
    case "ready":
      return {
        ...entry,
        predictors: [
          ...state.targets.map(({ predictor, weightPercent }) => ({
            name: predictor,
            traffic: weightPercent,
          })),
          ...(state.shadow === undefined ? [] : [{ name: state.shadow.predictor, shadow: true }]),
        ],
      };
    case "starting":
      return { ...entry, waitingFor: state.waitingFor };
    case "failed":
      return { ...entry, reason: state.reason };
  }
};

const textOf = (routes: readonly Route[]): string => {
  if (routes.length === 0) return "Espalier runs no deployment here.\n";
  const rows = routes.map((route) => {
    const path = `/seldon/${route.namespace}/${route.name}`;
    return [path, describe(route.state())] as const;
  });
  const width = Math.max(...rows.map(([path]) => path.length));
  return rows.map(([path, state]) => `${path.padEnd(width)}  ${state}\n`).join("");
};

const describe = (state: RouteState): string => {
  switch (state.is) {
    case "ready":
      return [
        "ready:",
        ...state.targets.map(({ predictor, weightPercent }) =>
          state.targets.length === 1 ? predictor : `${predictor} ${weightPercent}%`,
        ),
        ...(state.shadow === undefined ? [] : [`${state.shadow.predictor} (shadow)`]),
      ].join(" ");
    case "starting":
      return `starting: waiting for ${state.waitingFor.join(", ")}`;
    case "failed":
      return `failed: ${state.reason}`;
  }
};
