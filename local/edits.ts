/** From a saved file to the deployments that should run. */
import type { Clock } from "./clock.ts";
import type { Fleet } from "./fleet.ts";
import { type ReadingOptions, readManifests, repeats } from "./manifests.ts";
import { printNotices } from "./report.ts";
import type { Terminal } from "./terminal.ts";
import { watchFiles } from "./watch.ts";

export type EditOptions = ReadingOptions & {
  readonly inputs: readonly string[];
  readonly terminal: Terminal;
  readonly clock: Clock;
};

/** Follows the files; answers how to stop, which waits for a change that is being read. */
export const followEdits = (fleet: Fleet, options: EditOptions): (() => Promise<void>) => {
  const { terminal, clock } = options;
  let work: Promise<void> = Promise.resolve();
  const reload = async (input: string): Promise<void> => {
    const reading = await readManifests(input, options);
    const twice = repeats([...fleet.besides(input), ...reading.manifests]);
    const faults = [...reading.faults, ...twice];
    printNotices(terminal, { ...reading, faults });
    if (faults.length === 0) fleet.apply(input, reading.manifests);
    else terminal.note(`${input} was saved with faults; what runs stays as it is`);
  };
  const files = options.inputs.filter((input) => input !== "-");
  const stop = watchFiles(files, {
    clock,
    onChange: (changed) => {
      for (const input of changed) work = work.then(() => reload(input));
    },
    onTrouble: (folder, error) =>
      terminal.note(`warning: ${folder} cannot be watched, edits there will not be seen: ${error}`),
  });
  return async () => {
    stop();
    await work;
  };
};
