/** The nodes of a predictor whose containers we furnish, and what is asked of their pods. */
import { findContainer } from "../../../api/deployment.ts";
import { isPrepackaged, type Located, locate } from "../../../api/graph.ts";
import { at } from "../../../api/path.ts";
import type { Deployment, PredictiveUnit, Predictor } from "../../../api/types.ts";

export type UnitPlace = Located<PredictiveUnit> & {
  /** The index of the componentSpec that holds its container. */
  readonly index: number;
  /** The ports on which that container listens. */
  readonly http: number;
  readonly grpc: number;
};

/** The nodes that have a container, parents first; of two of one name the first has it. */
export const placedUnits = (predictor: Predictor, path: string): readonly UnitPlace[] => {
  const seen = new Set<string>();
  return locate(predictor.graph, at(path, "graph")).flatMap((located) => {
    const { name, endpoint } = located.unit;
    const { httpPort: http, grpcPort: grpc } = endpoint ?? {};
    const index = findContainer(predictor, name)?.index;
    if (index === undefined || http === undefined || grpc === undefined) return [];
    if (seen.has(name)) return [];
    seen.add(name);
    return [{ ...located, index, http, grpc }];
  });
};

/** Triton reads some stores by itself. Source: operator contract, 7.3, 10. */
export const readsStoreItself = (
  { implementation }: PredictiveUnit,
  { spec }: Deployment,
): boolean =>
  implementation === "TRITON_SERVER" &&
  spec.annotations?.["seldon.io/no-storage-initializer"]?.toLowerCase() === "true";

/** Whether an init container fetches the node's model. */
export const isFetched = (unit: PredictiveUnit, deployment: Deployment): boolean =>
  Boolean(unit.modelUri) && !readsStoreItself(unit, deployment);

/** A pod has one account: that of the last of its servers which name one. */
export const serverAccounts = (places: readonly UnitPlace[]): ReadonlyMap<number, UnitPlace> =>
  new Map(
    places
      .filter(({ unit }) => isPrepackaged(unit) && unit.serviceAccountName)
      .map((place) => [place.index, place]),
  );
