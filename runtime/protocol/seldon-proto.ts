/** SeldonMessages over gRPC: opaque bytes, looked into field by field. Source: engine contract, 4.2. */
import type { Payload } from "../payload.ts";
import type { Codec } from "./protocol.ts";
import { asJson, readFeedback, routesOf, withTags } from "./seldon-proto-meta.ts";
import { seldonRoute } from "./seldon-proto-route.ts";
import { readView } from "./seldon-proto-view.ts";
import { writeView } from "./seldon-proto-write.ts";
import { type Field, fields, LENGTH, slice, without } from "./wire.ts";
import { lengthField, protoPayload, textField, varintField } from "./wire-write.ts";

/** The number of `meta` in a SeldonMessage, and of `routing` in it. */
const metaField = 2;
const routingField = 3;

/**
 * The message with its routing replaced: bytes are cut out and put in, none are written anew. A
 * message without meta is left alone. Source: deviation E6.
 */
const record = (payload: Payload, routes: ReadonlyMap<string, number>): Payload => {
  const { body } = payload;
  const metas: Field[] = [];
  for (const field of fields(body)) {
    if (field.number === metaField && field.wire === LENGTH) metas.push(field);
  }
  if (metas.length === 0) return payload;
  const routing = [...routes].flatMap(([node, route]) =>
    lengthField(routingField, [...textField(1, node), ...varintField(2, route)]),
  );
  const pieces: Buffer[] = [];
  let copied = 0;
  metas.forEach((meta, i) => {
    const kept = without(slice(body, meta), routingField);
    const content = i === metas.length - 1 ? [...kept, ...routing] : kept;
    pieces.push(body.subarray(copied, meta.tag), ...lengthField(metaField, content));
    copied = meta.end;
  });
  return { ...payload, body: Buffer.concat([...pieces, body.subarray(copied)]) };
};

export const seldonProto: Codec = {
  chain: (payload) => payload,
  join: (answers) =>
    protoPayload(
      "seldon.protos.SeldonMessageList",
      answers.flatMap(({ body }) => lengthField(1, [body])),
    ),
  route: ({ body }) => seldonRoute(body),
  takesFeedback: true,
  feedbackRoutes: ({ body }) => routesOf(body),
  feedback: ({ body }) => readFeedback(body),
  tag: withTags,
  json: ({ body }) => asJson(body),
  record,
  view: ({ body }) => readView(body),
  write: (view, like, how) =>
    protoPayload(
      "seldon.protos.SeldonMessage",
      writeView(
        view,
        like.map(({ body }) => body),
        how?.form,
      ),
    ),
};
