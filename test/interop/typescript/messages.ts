/** Messages as bytes: what is tried is the transport. */

/** A SeldonMessage whose `strData` (field 5) is this text. */
export const textMessage = (text: string): Buffer => {
  const body = Buffer.from(text);
  const length: number[] = [];
  let size = body.length;
  for (; size > 127; size >>>= 7) length.push((size & 127) | 128);
  return Buffer.concat([Buffer.from([(5 << 3) | 2, ...length, size]), body]);
};

/** The text of such a message. */
export const textOf = (message: Buffer): string => {
  let at = 1;
  while (((message[at] ?? 0) & 128) !== 0) at += 1;
  return message.subarray(at + 1).toString();
};

/** A text that no other number gives, about as long as asked for. */
export const numbered = (number: number, bytes: number): string => {
  const mark = `<${number}>`;
  return mark.repeat(1 + Math.floor(bytes / mark.length));
};
