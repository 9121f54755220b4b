/** A node of ESPALIER_SERVER on this machine: `espalier serve`, and `espalier fetch` before it where its model is elsewhere. */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { locate } from "../api/graph.ts";
import type { Issue } from "../api/result.ts";
import { ownServer } from "../api/settings.ts";
import type { Container, PredictiveUnit } from "../api/types.ts";
import type { Command } from "./command.ts";
import { fetchedSchemes } from "./fetch/schemes.ts";
import type { Bench } from "./site.ts";

export type ServedModel = {
  readonly serve: Command;
  /** Runs to its end before; undefined for a model that is on this machine. */
  readonly fetch: Command | undefined;
  /** Why its model cannot be had here. */
  readonly issue: Issue | undefined;
};

type Place =
  | { readonly is: "here"; readonly path: string }
  | { readonly is: "fetched"; readonly uri: string; readonly folder: string }
  | { readonly is: "nowhere"; readonly message: string };

/** How a container without a command serves its model; undefined if it is none of ours. */
export const storedModelOf = (container: Container, bench: Bench): ServedModel | undefined => {
  const { subject, site, machine } = bench;
  const graph = `spec.predictors[${site.index}].graph`;
  const located = locate(subject.predictor.graph, graph).find(
    ({ unit }) => unit.name === container.name,
  );
  if (located?.unit.implementation !== ownServer || container.args?.length) return undefined;
  const place = placeOf(located.unit, bench);
  const file = `${machine.commandFolder}/espalier`;
  const path = place.is === "here" ? place.path : place.is === "fetched" ? place.folder : "";
  return {
    serve: { file, args: ["serve", path, "--host", "127.0.0.1"] },
    fetch: place.is === "fetched" ? { file, args: ["fetch", place.uri, path] } : undefined,
    issue:
      place.is === "nowhere"
        ? { path: `${located.path}.modelUri`, message: place.message }
        : undefined,
  };
};

const placeOf = ({ name, modelUri = "" }: PredictiveUnit, { site, scratch }: Bench): Place => {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(modelUri) ?? [];
  if (scheme === undefined) return onDisk(resolve(site.folder, modelUri));
  if (fetchedSchemes.includes(`${scheme.toLowerCase()}:`)) {
    return { is: "fetched", uri: modelUri, folder: join(scratch, "models", name) };
  }
  if (scheme.toLowerCase() !== "file") {
    const message = `is not read on this machine: write a path, or a URI that begins with file:, ${fetchedSchemes.join(", ")}`;
    return { is: "nowhere", message };
  }
  try {
    return onDisk(fileURLToPath(modelUri));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { is: "nowhere", message: `is no file: ${why}` };
  }
};

const onDisk = (path: string): Place =>
  statSync(path, { throwIfNoEntry: false }) === undefined
    ? { is: "nowhere", message: `${path} does not exist; paths begin at the manifest's folder` }
    : { is: "here", path };
