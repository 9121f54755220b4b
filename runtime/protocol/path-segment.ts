const harmless = /^[\w.~:@=+-]*$/;

/** A model's name as a segment of a path: what could end the segment, or the line, is escaped. */
export const pathSegment = (name: string): string =>
  harmless.test(name) ? name : encodeURI(name.toWellFormed()).replace(/[/?#]/g, encodeURIComponent);
