/** Bytes that a client might send: requests of the plain kind, and what becomes of them by small harm. */

/** 0 or more, less than 1. */
export type Random = () => number;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

const pick = <One>(random: Random, list: readonly One[]): One => {
  const found = list[below(random, list.length)];
  if (found === undefined) throw new RangeError("nothing to choose from");
  return found;
};

const methods = ["POST", "POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"];
const oddMethods = ["CONNECT", "TRACE", "PRI", "post", "POSTT", "M-SEARCH", "PO ST", ""];
const targets = [
  "/",
  "/predict",
  "/api/v1.0/predictions",
  "/a/b?c=d&e=%20",
  "/v2/models/m/infer?x",
];
const oddTargets = [
  "*",
  "http://h/a",
  "h:80",
  "//h/a",
  "/a#b",
  '/"',
  "/a|b",
  "/a\\b",
  "/{x}",
  "",
  "/é",
];
const versions = [
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.1 ",
  "HTTP/11",
  "HTTP/1.10",
];
const fields = [
  "Content-Type: application/json",
  "Accept: */*",
  "User-Agent: a/1 (b; c)",
  "Connection: keep-alive",
  "connection: Keep-Alive",
  "Connection: close",
  "Seldon-Puid: 7f2c",
  "traceparent: 00-0af7-b7ad-01",
  "X-Empty:",
  "X-Blank: \t ",
  "X-Latin: caf\xe9 \xff\x80",
  "X-Tabs:\tone\ttwo\t",
  "Keep-Alive: timeout=5",
  "TE: trailers",
  "Trailer: X",
  "Content-Encoding: gzip",
  "!#$%&'*+-.^_`|~0Az: token",
];
const oddFields = [
  "Transfer-Encoding: chunked",
  "transfer-encoding: chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding : chunked",
  " Transfer-Encoding: chunked",
  "Expect: 100-continue",
  "Upgrade: h2c",
  "Connection: Upgrade, HTTP2-Settings",
  "Connection: keep-alive, close",
  "Connection: transfer-encoding",
  "Proxy-Connection: close",
  "Host: other",
  "Host:",
  "X:\x00",
  "X: a\x7fb",
  "X: a\rb",
  "X: a\nb",
  "X: a\n folded",
  "X: a\r\n folded",
  "X: a\r\n\tfolded",
  ": nameless",
  "No colon",
  "X\t: blank",
  "X\xe9: latin",
  "(): no token",
  "",
];
const lengths = ["+5", "05", "5,5", "5, 5", "0x5", "5 ", " 5", "-5", "5.0", "1e1", "", "5\t", "٥"];
const moreLengths = [
  "99999999999999999999",
  "18446744073709551621",
  "4294967301",
  "5;",
  "5 5",
  "5\x00",
];
const special = [
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  "\r\n",
  "\n\n",
  "\r\n\r\n",
  "\x0b",
  "\x85",
  "0\r\n\r\n",
];
const rests = [
  "",
  "",
  "GET /next HTTP/1.1\r\nHost: h\r\n\r\n",
  "0\r\n\r\n",
  "\r\n",
  "G",
  "\0\0",
  "5\r\nhello\r\n",
];

type Draft = { line: string; readonly heads: string[]; body: string; end: string };

const draft = (random: Random): Draft => {
  const method = pick(random, methods);
  const heads: string[] = [];
  for (let count = below(random, 6); count > 0; count -= 1) heads.push(pick(random, fields));
  const body = "x".repeat(random() < 0.7 ? below(random, 12) : below(random, 700));
  heads.splice(
    below(random, heads.length + 1),
    0,
    pick(random, ["Host: h", "host: h:80", "HOST:h"]),
  );
  const sends = method === "POST" || method === "PUT" || method === "PATCH" || random() < 0.2;
  if (sends) {
    const name = pick(random, ["Content-Length: ", "content-length:", "CONTENT-LENGTH: \t"]);
    heads.splice(below(random, heads.length + 1), 0, `${name}${body.length}`);
  }
  return {
    line: `${method} ${pick(random, targets)} HTTP/1.1`,
    heads,
    body: sends ? body : "",
    end: "\r\n",
  };
};

type Harm = (one: Draft, random: Random) => void;

const at = (random: Random, list: readonly unknown[]): number => below(random, list.length);

/** What is done to the parts of a request before they are put together. */
const harms: readonly Harm[] = [
  (one, random) => {
    one.heads.splice(below(random, one.heads.length + 1), 0, pick(random, oddFields));
  },
  (one, random) => {
    const length = pick(random, random() < 0.7 ? lengths : moreLengths);
    one.heads.splice(below(random, one.heads.length + 1), 0, `Content-Length: ${length}`);
  },
  (one, random) => {
    const index = one.heads.findIndex((head) => /^content-length/i.test(head));
    const length = pick(random, random() < 0.7 ? lengths : moreLengths);
    if (index >= 0) one.heads[index] = `Content-Length: ${length}`;
  },
  (one, random) => {
    one.heads.push(one.heads[at(random, one.heads)] ?? "");
  },
  (one, random) => {
    const index = at(random, one.heads);
    const next = one.heads.splice(index, 2);
    one.heads.splice(index, 0, next.join(pick(random, ["", ",", "\n", "\r", "\r\n ", "; "])));
  },
  (one, random) => {
    const index = at(random, one.heads);
    one.heads[index] = (one.heads[index] ?? "").replace(
      ":",
      pick(random, [" :", "\t:", "", "::", "\0:"]),
    );
  },
  (one, random) => {
    one.line = one.line.replace(/^\S+/, pick(random, oddMethods));
  },
  (one, random) => {
    one.line = one.line.replace(/ \S* /, ` ${pick(random, oddTargets)} `);
  },
  (one, random) => {
    one.line = one.line.replace(/HTTP\/1\.1$/, pick(random, versions));
  },
  (one, random) => {
    one.line = pick(random, [
      `\r\n${one.line}`,
      `${one.line} `,
      one.line.replace(" ", "  "),
      ` ${one.line}`,
    ]);
  },
  (one) => {
    one.end = "\n";
  },
  (one, random) => {
    one.heads.splice(at(random, one.heads), 1);
  },
  (one, random) => {
    one.body = `${one.body.length.toString(16)}${pick(random, ["", ";a=b", " ", "\n"])}\r\n${one.body}\r\n0\r\n\r\n`;
    one.heads.push(pick(random, oddFields.slice(0, 8)));
  },
];

/** What is done to the bytes. Most of it near the beginning, where the head is. */
const scratch = (text: string, random: Random): string => {
  const place = below(random, random() < 0.8 ? Math.min(text.length, 120) : text.length);
  switch (below(random, 5)) {
    case 0:
      return text.slice(0, place) + pick(random, special) + text.slice(place);
    case 1:
      return text.slice(0, place) + text.slice(place + 1 + below(random, 3));
    case 2: {
      const flipped = text.charCodeAt(place) ^ (1 << below(random, 8));
      return text.slice(0, place) + String.fromCharCode(flipped & 0xff) + text.slice(place + 1);
    }
    case 3:
      return text.slice(0, place) + String.fromCharCode(below(random, 256)) + text.slice(place + 1);
    default:
      return text.slice(0, place); // cut off
  }
};

/** The next input: a request, harmed or not, with something behind it or nothing. */
export const makeInput = (random: Random): Buffer => {
  const one = draft(random);
  const kind = random();
  if (kind < 0.4) {
    for (let count = 1 + below(random, 2); count > 0; count -= 1) pick(random, harms)(one, random);
  }
  const head = [one.line, ...one.heads, "", ""].join(one.end);
  let text = head + one.body + pick(random, rests);
  if (kind > 0.25 && kind < 0.7) {
    for (let count = 1 + below(random, 2); count > 0; count -= 1) text = scratch(text, random);
  }
  return Buffer.from(text, "latin1");
};
