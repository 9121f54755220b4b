/** What a proxy may pass on of the headers of a request and of an answer. Pure. */

/**
 * Fields that belong to one connection, or that our own client and server write.
 * Source: RFC 9110, 7.6.1; RFC 9112, 6.
 */
const ownOfConnection = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The names that `Connection` lists beside `close` and `keep-alive`. */
const listedNames = (headers: readonly string[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== "connection") continue;
    for (const name of (headers[i + 1] ?? "").split(",")) names.add(name.trim().toLowerCase());
  }
  return names;
};

/** The fields that may travel on, names and values by turns, in their order and spelling. */
export const endToEnd = (headers: readonly string[]): string[] => {
  const listed = listedNames(headers);
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const lower = name.toLowerCase();
    if (!ownOfConnection.has(lower) && !listed.has(lower)) kept.push(name, headers[i + 1] ?? "");
  }
  return kept;
};

export const headerOf = (headers: readonly string[], wanted: string): string | undefined => {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === wanted) return headers[i + 1];
  }
  return undefined;
};

export type Forwarding = {
  readonly headers: readonly string[];
  /** What the ingress took off the path. */
  readonly prefix: string;
  /** The client's address, if known; an IPv4 address may be written as IPv6. */
  readonly peer: string | undefined;
};

const forwardedNames = new Set([
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-forwarded-proto",
]);

/** The header lines of the request to the predictor, each ended by CRLF. */
export const forwardedLines = ({ headers, prefix, peer }: Forwarding): string => {
  let lines = "";
  const kept = endToEnd(headers);
  for (let i = 0; i + 1 < kept.length; i += 2) {
    if (!forwardedNames.has(kept[i]?.toLowerCase() ?? ""))
      lines += `${kept[i]}: ${kept[i + 1]}\r\n`;
  }
  const plainPeer = peer?.replace(/^::ffff:(?=\d+\.)/, "");
  const chain = [headerOf(headers, "x-forwarded-for"), plainPeer].filter(
    (part) => part !== undefined,
  );
  const host = headerOf(headers, "x-forwarded-host") ?? headerOf(headers, "host");
  if (chain.length > 0) lines += `X-Forwarded-For: ${chain.join(", ")}\r\n`;
  if (host !== undefined) lines += `X-Forwarded-Host: ${host}\r\n`;
  lines += `X-Forwarded-Proto: ${headerOf(headers, "x-forwarded-proto") ?? "http"}\r\n`;
  return `${lines}X-Forwarded-Prefix: ${prefix}\r\n`;
};

/** The headers of the answer; a `Location` on the predictor gets its prefix back. */
export const answerHeaders = (headers: readonly string[], prefix: string): string[] => {
  const kept = endToEnd(headers);
  for (let i = 0; i + 1 < kept.length; i += 2) {
    const value = kept[i + 1] ?? "";
    const isPath = value.startsWith("/") && !value.startsWith("//");
    if (kept[i]?.toLowerCase() === "location" && isPath) kept[i + 1] = prefix + value;
  }
  return kept;
};
