/** All deployments at work: which there should be, file by file, and which there are. */
import { keyOf, type Manifest } from "./manifests.ts";
import { type Outcome, type Rollout, type RolloutOptions, startRollout } from "./rollout.ts";
import type { Route } from "./routes.ts";

export type Fleet = {
  /** Makes the deployments of one input be those that it holds now; the others stay. */
  apply(input: string, manifests: readonly Manifest[]): void;
  /** What the inputs but one hold, so that names can be compared before applying it. */
  besides(input: string): readonly Manifest[];
  routes(): readonly Route[];
  /** Resolves when no process is left. */
  stop(): Promise<void>;
};

export type FleetOptions = Omit<RolloutOptions, "onOutcome"> & {
  readonly onOutcome: (manifest: Manifest, outcome: Outcome) => void;
  /** Hears that a deployment is gone from its file. */
  readonly onRemoved: (key: string) => void;
};

export const makeFleet = (options: FleetOptions): Fleet => {
  const inputs = new Map<string, readonly Manifest[]>();
  const rollouts = new Map<string, Rollout>();
  const ending = new Set<Promise<void>>();

  const remove = (key: string): void => {
    const rollout = rollouts.get(key);
    rollouts.delete(key);
    options.onRemoved(key);
    if (rollout === undefined) return;
    const gone = rollout.stop().finally(() => ending.delete(gone));
    ending.add(gone);
  };

  return {
    apply: (input, manifests) => {
      const before = (inputs.get(input) ?? []).map(keyOf);
      inputs.set(input, manifests);
      const now = new Set(manifests.map(keyOf));
      for (const key of before) if (!now.has(key)) remove(key);
      for (const manifest of manifests) {
        const key = keyOf(manifest);
        const rollout = rollouts.get(key);
        if (rollout === undefined) rollouts.set(key, startRollout(manifest, options));
        else rollout.update(manifest);
      }
    },
    besides: (input) => [...inputs].flatMap(([name, held]) => (name === input ? [] : held)),
    routes: () => [...rollouts.values()],
    stop: async () => {
      await Promise.all([...[...rollouts.values()].map((rollout) => rollout.stop()), ...ending]);
    },
  };
};
