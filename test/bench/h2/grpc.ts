/** What of gRPC both ends of the bench write. Source: gRPC over HTTP/2. */
import { indexed, literal, named, noTable } from "./hpack.ts";

/** A message as it goes into DATA frames: not compressed, its length, its bytes. */
export const framed = (message: Buffer): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

export const prefixBytes = 5;

export type Blocks = { readonly first: Buffer; readonly next: Buffer };

const contentType = "application/grpc";
/** Places in the static table. Source: RFC 7541, appendix A. */
const at = {
  authority: 1,
  path: 4,
  methodPost: 3,
  schemeHttp: 6,
  status200: 8,
  contentType: 31,
  userAgent: 58,
};
/** The place of the field that was kept last; earlier ones follow. Source: RFC 7541, 2.3.3. */
const latest = 62;

export type RequestHead = {
  readonly path: string;
  readonly authority: string;
  readonly userAgent?: string;
  /** As `grpc-timeout` has it; none: as long as it takes. */
  readonly timeout?: string;
};

/** The header block of a connection's first request, and that of the others, as clients have them. */
export const requestBlocks = (
  { path, authority, userAgent = "bench-grpc/1", timeout }: RequestHead,
  mayIndex: boolean,
): Blocks => {
  const fields = [
    named(at.path, path, mayIndex),
    named(at.authority, authority, mayIndex),
    named(at.contentType, contentType, mayIndex),
    literal("te", "trailers", mayIndex),
    named(at.userAgent, userAgent, mayIndex),
    ...(timeout === undefined ? [] : [literal("grpc-timeout", timeout, mayIndex)]),
  ];
  const begin = [indexed(at.methodPost), indexed(at.schemeHttp)];
  if (!mayIndex) {
    const whole = Buffer.concat([...begin, ...fields]);
    return { first: Buffer.concat([noTable, whole]), next: whole };
  }
  return {
    first: Buffer.concat([...begin, ...fields]),
    next: Buffer.concat([
      ...begin,
      ...fields.map((_, i) => indexed(latest + fields.length - 1 - i)),
    ]),
  };
};

/** The only header block of an answer that is an error. */
export const errorBlock = (code: number, message: string): Buffer =>
  Buffer.concat([
    indexed(at.status200),
    named(at.contentType, contentType, false),
    literal("grpc-status", String(code), false),
    literal("grpc-message", message.slice(0, 100), false),
  ]);

/** The blocks of the answers of one connection, in the order in which they are written. */
export const makeAnswerBlocks = (mayIndex: boolean) => {
  const head = Buffer.concat([indexed(at.status200), named(at.contentType, contentType, mayIndex)]);
  const trailers = literal("grpc-status", "0", mayIndex);
  if (!mayIndex) {
    let first = true;
    return {
      head: (): Buffer => {
        const block = first ? Buffer.concat([noTable, head]) : head;
        first = false;
        return block;
      },
      trailers: () => trailers,
    };
  }
  const keptHeads = [latest, latest + 1].map((place) =>
    Buffer.concat([indexed(at.status200), indexed(place)]),
  );
  const keptTrailers = indexed(latest);
  let heads = 0;
  let ends = 0;
  return {
    /** The content type was kept before the status of the first answer, so moves back by that. */
    head: (): Buffer => {
      heads += 1;
      return (heads === 1 ? head : keptHeads[ends === 0 ? 0 : 1]) ?? head;
    },
    trailers: (): Buffer => {
      ends += 1;
      return ends === 1 ? trailers : keptTrailers;
    },
  };
};
