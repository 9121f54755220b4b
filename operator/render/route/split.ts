/** Who gets the requests of a deployment, and how much of them. */
import { hasNoEngine } from "../../../api/deployment.ts";
import { predictorServiceName } from "../../../api/names.ts";
import type { Settings } from "../../../api/settings.ts";
import type { Deployment, Predictor } from "../../../api/types.ts";
import { predictorPorts, type ServicePorts } from "../ports.ts";
import type { Subject } from "../subject.ts";

/** Whether requests may go to a predictor now. */
export type Routable = (predictor: Predictor) => boolean;

/** A predictor as the end of a route. */
export type Destination = {
  readonly subject: Subject;
  readonly service: string;
  readonly ports: ServicePorts;
  /** Percent as its user wrote it; a lone one has 100, or 0 where nothing is written. */
  readonly weight: number;
};

export type Split = {
  readonly deployment: Deployment;
  readonly settings: Settings;
  /** Of several, one at least has a weight. None: there is nobody to answer. */
  readonly live: readonly Destination[];
  /** Gets a copy of what the live ones get, of all where its weight is 0. */
  readonly shadow: Destination | undefined;
  /** Those with an explainer, shadows among them. */
  readonly explained: readonly Subject[];
};

/**
 * The routable predictors of a deployment.
 *
 * Where the only ones left are those that nobody should be sent to (traffic 0 of several), there is
 * no route: a canary at 0 does not stand in for its main.
 */
export const splitOf = (deployment: Deployment, settings: Settings, routable: Routable): Split => {
  const { predictors } = deployment.spec;
  const isAlone = predictors.filter(({ shadow }) => !shadow).length === 1;
  const left = predictors.filter(routable);
  const answering = left.filter(({ shadow }) => !shadow);
  const live = isAlone || answering.some(({ traffic = 0 }) => traffic > 0) ? answering : [];
  const destination = (predictor: Predictor): Destination => {
    const subject = { deployment, predictor, settings };
    const { traffic = 0 } = predictor;
    return {
      subject,
      service: predictorServiceName(deployment.metadata.name, predictor),
      ports: predictorPorts(subject),
      weight: live.length === 1 && live[0] === predictor ? Math.sign(traffic) * 100 : traffic,
    };
  };
  const shadow = left.find((predictor) => predictor.shadow);
  return {
    deployment,
    settings,
    live: live.map(destination),
    shadow: shadow === undefined ? undefined : destination(shadow),
    explained: left
      .filter(({ explainer }) => explainer?.type)
      .map((predictor) => ({ deployment, predictor, settings })),
  };
};

/** What an explainer is reached at, below its namespace. Source: operator contract, 6.1. */
export const explainerPath = (deployment: string, { predictor }: Subject): string =>
  `${deployment}-explainer/${encodeURIComponent(predictor.name)}/`;

/** The Secret by which the engine of a predictor speaks TLS alone; an explainer never does. */
export const certificateOf = ({ predictor }: Subject): string | undefined =>
  hasNoEngine(predictor) ? undefined : predictor.ssl?.certSecretName || undefined;
