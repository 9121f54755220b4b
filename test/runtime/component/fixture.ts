import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import { type Component, makeComponent } from "../../../runtime/component/component.ts";
import { makeCustomMetrics } from "../../../runtime/component/metrics.ts";
import type { ComponentOptions } from "../../../runtime/component/reply.ts";
import type { Model } from "../../../runtime/component/user.ts";

export const silent = makeLog("FATAL", { write: () => {} });

export type Fixture = { readonly component: Component; readonly registry: Registry };

/** A component of `model`, with a registry of its own. */
export const componentOf = (model: Model, overrides: Partial<ComponentOptions> = {}): Fixture => {
  const registry = new Registry();
  const component = makeComponent({
    model,
    unitId: undefined,
    image: undefined,
    metrics: makeCustomMetrics(registry, { model_name: "m" }, silent),
    includeMetrics: true,
    ...overrides,
  });
  return { component, registry };
};

/** A method that answers with what it got. */
export const echo = (value: unknown): unknown => value;
