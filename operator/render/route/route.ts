/**
 * From a deployment, and what is ready of it, to the objects that lead requests there: of Istio, of
 * Ambassador and of the Gateway API, whichever the settings turn on.
 *
 * Ambassador v1 has no objects: it reads what `ambassador-v1.ts` writes on Services.
 */
import { failure, type Result, success } from "../../../api/result.ts";
import type { Settings } from "../../../api/settings.ts";
import type { Deployment } from "../../../api/types.ts";
import type { KubernetesObject } from "../object.ts";
import { ambassadorRoutes } from "./ambassador-v2.ts";
import { gatewayRoutes } from "./gateway.ts";
import { istioRoutes } from "./istio.ts";
import { type Routable, type Split, splitOf } from "./split.ts";

/**
 * The objects of every ingress, those first that others name. They lead to routable predictors
 * alone, in the ratio that their user wrote; where nobody routable is left, there is no route. The
 * explainer of a predictor is led to while the predictor is.
 */
export const renderRoutes = (
  deployment: Deployment,
  settings: Settings,
  routable: Routable,
): Result<readonly KubernetesObject[]> => {
  const split = splitOf(deployment, settings, routable);
  const parts = [
    ...(settings.istioEnabled ? [istioRoutes(split)] : []),
    ...(settings.ambassadorEnabled ? [ambassador(split)] : []),
    ...(settings.gatewayApiEnabled ? [gatewayRoutes(split)] : []),
  ];
  const issues = parts.flatMap((part) => (part.ok ? [] : part.issues));
  const warnings = parts.flatMap((part) => part.warnings);
  return issues.length > 0
    ? failure(issues, warnings)
    : success(
        parts.flatMap((part) => (part.ok ? part.value : [])),
        warnings,
      );
};

const ambassador = (split: Split): Result<readonly KubernetesObject[]> => {
  const { ambassadorVersion } = split.settings;
  if (ambassadorVersion === "v1") return success([]);
  if (ambassadorVersion === "v2") return success(ambassadorRoutes(split));
  const message = `"${ambassadorVersion}" is not a version; set AMBASSADOR_VERSION to v1 or v2`;
  return failure([{ path: "settings.ambassadorVersion", message }]);
};
