/**
 * The whole rendering: what flows in is a parsed deployment, the settings of its cluster and a few
 * facts about it; what flows out are the objects that serve it, routes apart (`route/`).
 *
 * Pure: the same input gives the same objects. Source: operator contract, 4, 5, 7.
 */
import { failure, type Result, success, together } from "../../api/result.ts";
import type { Settings } from "../../api/settings.ts";
import type { Deployment } from "../../api/types.ts";
import { type Desired, type Facts, noFacts } from "./desired.ts";
import { firstOf } from "./keyed.ts";
import { nameFaults } from "./names.ts";
import { renderPredictor } from "./predictor.ts";

/** The faults of all predictors are told together. */
export const render = (
  deployment: Deployment,
  settings: Settings,
  facts: Facts = noFacts,
): Result<Desired> => {
  const rendered = together(
    deployment.spec.predictors.map((predictor) =>
      renderPredictor({ deployment, predictor, settings }, facts),
    ),
  );
  if (!rendered.ok) return failure(firstOf(rendered.issues, JSON.stringify), rendered.warnings);
  const services = rendered.value.flatMap((parts) => parts.services);
  const deployments = rendered.value.flatMap((parts) => parts.deployments);
  const faults = nameFaults([...services, ...deployments], deployment);
  if (faults.length > 0) return failure(firstOf(faults, JSON.stringify), rendered.warnings);
  return success(
    {
      services: services.map(({ object }) => object),
      scaling: rendered.value.flatMap((parts) => parts.scaling),
      deployments: deployments.map(({ path: _path, ...desired }) => desired),
    },
    rendered.warnings,
  );
};
