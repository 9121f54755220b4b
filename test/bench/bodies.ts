/** Messages of exactly so many bytes, as requests and answers of the protocol `seldon`. */
import { encode } from "../runtime/protocol/messages.ts";

/** A message over REST; the least is 66 bytes. */
export const messageOf = (bytes: number): string => {
  const before = '{"meta":{"tags":{"a":"b"}},"data":{"names":["x"],"ndarray":[[';
  const after = "]]}}";
  const number = "0.12345,";
  const room = bytes - before.length - after.length;
  if (room < 1)
    throw new RangeError(`a message has ${before.length + after.length + 1} bytes at least`);
  const whole = Math.floor((room - 1) / number.length);
  return before + number.repeat(whole) + "1".repeat(room - whole * number.length) + after;
};

const bytesPerNumber = 8;
/** What the lengths within a large message take at most, besides its fields. */
const mostForLengths = 16;

/** The message over gRPC: a row of numbers, and a name that fills what they leave; from 66 bytes on. */
export const protoMessageOf = (bytes: number): Buffer => {
  const of = (columns: number, letters: number): Buffer =>
    encode("seldon.protos.SeldonMessage", {
      meta: { tags: { a: { stringValue: "b" } } },
      data: {
        names: ["x".repeat(letters)],
        tensor: { shape: [1, columns], values: new Array(columns).fill(0.12345) },
      },
    });
  const room = bytes - of(1, 1).length - mostForLengths;
  const most = 1 + Math.max(0, Math.floor(room / bytesPerNumber));
  // A length may take a byte more and so be missed by one: then a number fewer hits it.
  for (let columns = most; columns > Math.max(0, most - 2); columns -= 1) {
    const letters = 1 + bytes - of(columns, 1).length;
    for (const some of [letters, letters - 1]) {
      const message = some < 1 ? undefined : of(columns, some);
      if (message?.length === bytes) return message;
    }
  }
  throw new RangeError(`there is no message of ${bytes} bytes`);
};
