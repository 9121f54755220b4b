/** A part of a buffer, by its byte offsets. */
export type Span = { readonly start: number; readonly end: number };
