/**
 * The pod's annotations as the downward API writes them: one `key="value"` a line, the value
 * quoted as Go quotes strings. A line that is no such thing is passed over, the others count.
 *
 * Source: engine contract, 1.5; deviation E11.
 */
export const parseAnnotations = (text: string): ReadonlyMap<string, string> => {
  const annotations = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at <= 0) continue;
    annotations.set(unquote(line.slice(0, at).trim()), unquote(line.slice(at + 1).trim()));
  }
  return annotations;
};

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

const escaped = /\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|(.))/g;

const unquote = (text: string): string => {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(escaped, (whole, one: string | undefined) => {
    if (one !== undefined) return escapes[one] ?? one;
    const code = Number.parseInt(whole.slice(2), 16);
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
};
