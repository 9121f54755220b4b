import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import type { Action } from "../../../runtime/component/action.ts";
import { type Component, makeComponent } from "../../../runtime/component/component.ts";
import { type Inference, makeInference } from "../../../runtime/component/inference.ts";
import type { JsonObject } from "../../../runtime/component/message.ts";
import { buildMetadata } from "../../../runtime/component/metadata.ts";
import { makeCustomMetrics } from "../../../runtime/component/metrics.ts";
import type { ComponentOptions } from "../../../runtime/component/reply.ts";
import type { Model } from "../../../runtime/component/user.ts";

export const silent = makeLog("FATAL", { write: () => {} });

export type Fixture = {
  readonly component: Component;
  readonly registry: Registry;
  readonly inference: Inference;
  readonly metadata: JsonObject;
};

type Overrides = Partial<ComponentOptions> & {
  readonly metadata?: JsonObject;
  readonly action?: Action;
};

/** A component of `model`, with a registry of its own. */
export const componentOf = (model: Model, overrides: Overrides = {}): Fixture => {
  const registry = new Registry();
  const component = makeComponent({
    model,
    unitId: undefined,
    image: undefined,
    metrics: makeCustomMetrics(registry, { model_name: "m" }, silent),
    includeMetrics: true,
    ...overrides,
  });
  const metadata = {
    ...buildMetadata({ own: { name: "m" }, yaml: undefined, image: undefined }),
    ...overrides.metadata,
  };
  const { action = "predict" } = overrides;
  const inference = makeInference({ component, model, metadata, name: "unit", action });
  return { component, registry, inference, metadata };
};

/** A method that answers with what it got. */
export const echo = (value: unknown): unknown => value;
