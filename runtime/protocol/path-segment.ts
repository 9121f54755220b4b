/** What a path may hold unescaped, as Go's net/url has it: v1's containers see the same paths. */
const odd = /[^\w.~$&+,/:;=@-]/g;

/** A path whose characters are bytes, escaped. */
export const escapePath = (path: string): string =>
  path.replace(odd, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

const harmless = /^[\w.~:@=+-]*$/;

/** A model's name as a segment of a path: what could end the segment, or the line, is escaped. */
export const pathSegment = (name: string): string =>
  harmless.test(name)
    ? name
    : escapePath(Buffer.from(name).toString("latin1")).replaceAll("/", "%2F");
