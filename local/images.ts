import type { Container, Deployment } from "../api/types.ts";

/** What `--image NAME='COMMAND'` says: which containers run which command of this machine. */
export type ImageCommand = { readonly name: string; readonly command: string };

/** Reads `NAME=COMMAND`; undefined when it is no such thing. A port in NAME is no separator. */
export const readImageCommand = (text: string): ImageCommand | undefined => {
  const at = text.indexOf("=");
  const name = text.slice(0, at).trim();
  const command = text.slice(at + 1).trim();
  return at <= 0 || name === "" || command === "" ? undefined : { name, command };
};

/** The mapping for a container: by its name, by its image, or by its image without tag or digest. */
export const commandFor = (
  container: Container,
  mappings: readonly ImageCommand[],
): string | undefined => {
  const { name, image = "" } = container;
  const names = [name, image, withoutTag(image)];
  return mappings.find((mapping) => mapping.name !== "" && names.includes(mapping.name))?.command;
};

/** `registry:5000/team/model:1.0@sha256:...` is `registry:5000/team/model`. */
const withoutTag = (image: string): string => image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");

/** The mappings that fit no container of these deployments: slips of the pen. */
export const unusedImages = (
  deployments: readonly Deployment[],
  images: readonly ImageCommand[],
): readonly ImageCommand[] => {
  const containers = deployments
    .flatMap(({ spec }) => spec.predictors)
    .flatMap(({ componentSpecs }) => componentSpecs)
    .flatMap(({ spec }) => [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]);
  return images.filter((image) =>
    containers.every((each) => commandFor(each, [image]) === undefined),
  );
};
