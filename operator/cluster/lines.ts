/**
 * Cuts a stream of bytes into lines; the last one needs no end.
 *
 * @throws {RangeError} for a line longer than `limitBytes`: the API server has no objects of such
 * a size.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  limitBytes: number,
): AsyncGenerator<string> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...held, chunk.subarray(from, end)]).toString("utf8");
      held = [];
      heldBytes = 0;
      from = end + 1;
      if (line !== "") yield line;
    }
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > limitBytes) throw new RangeError(`a line of more than ${limitBytes} bytes`);
  }
  const last = Buffer.concat(held).toString("utf8");
  if (last !== "") yield last;
}
