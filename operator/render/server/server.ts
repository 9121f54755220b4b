/** What a prepackaged server is: a way to furnish the pod of its node. */
import { protocolOf } from "../../../api/deployment.ts";
import { at } from "../../../api/path.ts";
import { serverImage } from "../../../api/prepackaged.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import type { Container, EnvVar, PodSpec, PredictiveUnit } from "../../../api/types.ts";
import { parametersJson } from "../env.ts";
import type { Subject } from "../subject.ts";
import type { UnitPlace } from "./units.ts";

/** A server's job: the pod as far as it is made, and the node whose container is to be furnished. */
export type Job = UnitPlace & {
  readonly pod: PodSpec;
  /** The node's container in the pod; its ports, probes and environment are there already. */
  readonly container: Container;
  readonly subject: Subject;
};

export type Furnished = {
  readonly pod: PodSpec;
  /** The name of the container that reads the model. */
  readonly reader: string;
};

export type Server = (job: Job) => Result<Furnished>;

/** The image of an implementation for the deployment's protocol, or a fault at the node. */
export const imageOf = ({ unit, path, subject }: Job): Result<string> => {
  const implementation = unit.implementation ?? "";
  const protocol = protocolOf(subject.deployment);
  const image = serverImage(subject.settings, implementation, protocol);
  if (image) return success(image);
  const message =
    `${implementation} has no image for protocol ${protocol}; choose another protocol, give the ` +
    "container an image, or name one in data.predictor_servers of seldon-config";
  return failure([{ path: at(path, "implementation"), message }]);
};

/** The node's container with an image: its own, else that of the server. */
export const withOwnImage = (job: Job): Result<Container> => {
  if (job.container.image) return success(job.container);
  const image = imageOf(job);
  return image.ok ? success(running(job.container, image.value)) : image;
};

/** A container with another image, of which its environment tells too. Source: operator contract, 4.3. */
export const running = (container: Container, image: string): Container => ({
  ...container,
  image,
  ...(container.env === undefined
    ? {}
    : {
        env: container.env.map((entry) =>
          entry.name === "PREDICTIVE_UNIT_IMAGE" ? { ...entry, value: image } : entry,
        ),
      }),
});

type StringParameter = readonly [name: string, value: string];

/** A container told its node's parameters and these, whatever it was told before. */
export const toldParameters = (
  container: Container,
  unit: PredictiveUnit,
  more: readonly StringParameter[],
): Container => {
  const added = more.map(([name, value]) => ({ name, value, type: "STRING" }));
  const entry: EnvVar = {
    name: "PREDICTIVE_UNIT_PARAMETERS",
    value: parametersJson([...(unit.parameters ?? []), ...added]),
  };
  const env = container.env ?? [];
  const isTold = env.some(({ name }) => name === entry.name);
  return {
    ...container,
    env: isTold ? env.map((each) => (each.name === entry.name ? entry : each)) : [...env, entry],
  };
};
