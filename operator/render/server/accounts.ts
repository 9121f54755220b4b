/** Whose secrets open the stores of models. Source: operator contract, 7.1, 7.5. */
import type { Deployment, PodSpec, Predictor } from "../../../api/types.ts";
import { isFetched, placedUnits, serverAccounts } from "./units.ts";

/** The account of a pod that names none. Source: operator contract, 7.5. */
export const defaultAccount = "default";

export const podAccount = (spec: PodSpec | undefined): string =>
  spec?.serviceAccountName || spec?.serviceAccount || defaultAccount;

/** The service accounts that a deployment's models are fetched with, each once, sorted. */
export const accountsOf = (deployment: Deployment): readonly string[] => [
  ...new Set(
    deployment.spec.predictors
      .flatMap((predictor) => [
        ...graphAccounts(predictor, deployment),
        ...explainerAccounts(predictor),
      ])
      .sort(),
  ),
];

const graphAccounts = (predictor: Predictor, deployment: Deployment): readonly string[] => {
  const places = placedUnits(predictor, "");
  const ofServers = serverAccounts(places);
  return places
    .filter(({ unit }) => isFetched(unit, deployment))
    .map(
      ({ unit, index }) =>
        unit.serviceAccountName ||
        ofServers.get(index)?.unit.serviceAccountName ||
        podAccount(predictor.componentSpecs[index]?.spec),
    );
};

const explainerAccounts = ({ explainer }: Predictor): readonly string[] =>
  explainer?.type && explainer.modelUri ? [explainer.serviceAccountName || defaultAccount] : [];
