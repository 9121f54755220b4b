/** Annotations whose number v1's engine reads as Go does. Source: engine contract, 10.2. */

/** A number below zero is no limit to these. */
const timeouts = ["seldon.io/rest-timeout", "seldon.io/grpc-timeout"];

/** The annotations that engines read a number from. */
export const engineNumbers: readonly string[] = [
  ...timeouts,
  "seldon.io/grpc-max-message-size",
  "espalier.io/graph-timeout",
];

/** What timers (24 days), buffers (2 GB) and ingresses take at most. */
const most = 2 ** 31 - 1;

/** From 0 to 2147483647, to which what is beyond is cut; undefined for a text that is no number. */
export const wholeNumber = (annotation: string, text: string): number | undefined => {
  const grammar = timeouts.includes(annotation) ? /^[+-]?\d{1,18}$/ : /^\+?\d{1,18}$/;
  return grammar.test(text) ? Math.max(0, Math.min(Number(text), most)) : undefined;
};
