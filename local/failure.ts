/** Why something could not be started: one sentence, and the last lines it printed. */
export type StartFailure = { readonly reason: string; readonly tail: readonly string[] };

/** As it is shown: the reason, and the lines set off from it. */
export const describeFailure = ({ reason, tail }: StartFailure): string =>
  [
    reason,
    ...(tail.length > 0 ? ["its last lines:", ...tail.map((line) => `  | ${line}`)] : []),
  ].join("\n");
