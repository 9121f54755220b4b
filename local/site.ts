/** The words of a layout: where a predictor comes from, where it goes, what it becomes. */
import type { Issue } from "../api/result.ts";
import type { Settings } from "../api/settings.ts";
import type { Deployment } from "../api/types.ts";
import type { Subject } from "../operator/render/subject.ts";
import type { Workload } from "../operator/render/workload.ts";
import type { ImageCommand } from "./images.ts";
import type { ProcessSpec } from "./process.ts";
import type { ContainerPorts } from "./relocate.ts";
import type { Entry } from "./upstream.ts";

export type Site = {
  readonly deployment: Deployment;
  /** The index of the predictor. */
  readonly index: number;
  /** The folder of the manifest: commands run there. */
  readonly folder: string;
};

/** What of this machine a layout needs. */
export type Machine = {
  readonly settings: Settings;
  readonly images: readonly ImageCommand[];
  /** Inherited by every process, beneath what its pod says. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the command `espalier`; it comes first on every PATH. */
  readonly commandFolder: string;
  /** As in `engine --log_level`; undefined leaves it to the manifest. */
  readonly logLevel: string | undefined;
};

export type Place = {
  readonly ports: ReadonlyMap<string, ContainerPorts>;
  readonly engine: Entry;
  /** An existing folder for the files of this predictor. */
  readonly scratch: string;
};

export type ContainerLayout = {
  readonly name: string;
  /** Where it stands in the manifest. */
  readonly path: string;
  readonly process: ProcessSpec;
  /** Where it accepts connections once it is up; undefined for a sidecar, which has no such port. */
  readonly port: number | undefined;
  readonly startLimitMs: number;
};

export type PodLayout = {
  readonly init: readonly ContainerLayout[];
  readonly containers: readonly ContainerLayout[];
  readonly podinfo: { readonly file: string; readonly text: string };
};

export type PredictorLayout = {
  readonly predictor: string;
  readonly pods: readonly PodLayout[];
  /** Undefined for a predictor that its container serves alone. */
  readonly engine: ProcessSpec | undefined;
  /** Where requests go. */
  readonly entry: Entry;
};

/** One pod in work: what it is made of, and where what is wrong with it is gathered. */
export type Bench = {
  readonly site: Site;
  readonly subject: Subject;
  readonly machine: Machine;
  readonly workload: Workload;
  readonly podinfo: string;
  /** A folder for the files of this predictor. */
  readonly scratch: string;
  readonly issues: Issue[];
  readonly warnings: Issue[];
};
