import type { Payload } from "../payload.ts";
import { readFeedback, routesOf } from "./feedback-json.ts";
import { jsonList } from "./json-list.ts";
import { readJson } from "./nested.ts";
import { plain } from "./plain.ts";
import type { Codec } from "./protocol.ts";
import { checkedRoute, excerpt, parseReply, routeInJson } from "./route-reply.ts";
import { readView, routedView, viewOf, writeView } from "./seldon-view.ts";
import { withRouting } from "./splice.ts";
import { withMembers } from "./splice-into.ts";

/** SeldonMessages as JSON. `limitBytes` bounds what a compressed one may unpack to. */
export const makeSeldonJson = (limitBytes: number): Codec => ({
  chain: (message) => message,
  join: (answers) =>
    jsonList(
      answers.map((one) => plain(one, limitBytes)),
      answers[0]?.contentType,
    ),
  route: (answer) => route(plain(answer, limitBytes)),
  takesFeedback: true,
  feedbackRoutes: (message) => routesOf(() => plain(message, limitBytes)),
  feedback: (message) => readFeedback(plain(message, limitBytes), readView),
  tag: (message, tags) => tag(message, plain(message, limitBytes), tags),
  json: (message) => readJson(plain(message, limitBytes)),
  record,
  view: (message) => viewOf(message, (one) => plain(one, limitBytes)),
  write: (view, like, how) => writeView(view, like, how?.form, (one) => plain(one, limitBytes)),
});

/** Only the first value of a router's answer counts. */
const route = (bytes: Buffer): number =>
  checkedRoute(routeInJson(parseReply(bytes)), excerpt(bytes));

type Loose = Readonly<Record<string, unknown>>;

/** A message that is no JSON object has no place for tags. */
const tag = (message: Payload, json: Buffer, tags: Loose): Payload => {
  const body = withMembers(json, ["meta", "tags"], tags);
  return body === undefined ? message : { ...message, body, contentEncoding: undefined };
};

const record = (message: Payload, taken: ReadonlyMap<string, number>): Payload => {
  if (message.contentEncoding !== undefined && message.contentEncoding !== "") return message;
  const routing = [...taken].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",");
  const routed = routedView(message, `{${routing}}`);
  if (routed !== undefined) return routed;
  const body = withRouting(message.body, `{${routing}}`);
  return body === undefined ? message : { ...message, body };
};
