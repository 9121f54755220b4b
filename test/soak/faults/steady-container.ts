/**
 * The container of the soaked graph that always does well, as a process: its router, and a model that
 * echoes, over REST and gRPC, by hand so that they cost little:
 *
 *     node steady-container.ts HTTP_PORT GRPC_PORT
 *
 * It checks that head and body of each request belong together.
 */
import { createServer } from "node:net";
import { framed, prefixBytes } from "../../bench/h2/grpc.ts";
import { encode } from "../../runtime/protocol/messages.ts";
import { crossed, serve } from "./container.ts";
import { idIn, targetOf } from "./message.ts";
import { type GrpcAsk, type GrpcReply, serveGrpc } from "./serve-grpc.ts";
import { type RestAsk, serveRest } from "./serve-rest.ts";

/** The order of the children in the graph. */
const children = ["steady", "faulty"] as const;

const routes = children.map((_, child) => ({
  json: Buffer.from(`{"data":{"ndarray":[[${child}]]}}`),
  proto: framed(
    encode("seldon.protos.SeldonMessage", {
      data: { tensor: { shape: [1, 1], values: [child] } },
    }),
  ),
}));
const none = { json: Buffer.alloc(0), proto: Buffer.alloc(0) };
const routeFor = (id: string) => routes[children.indexOf(targetOf(id))] ?? none;

const answerRest = ({ path, id, body }: RestAsk): Buffer => {
  const own = idIn(body, true);
  if (id !== own) return Buffer.from(crossed(id, own));
  return path === "/route" ? routeFor(id).json : body;
};

const answerGrpc = ({ path, id, message }: GrpcAsk): GrpcReply => {
  const own = idIn(message.subarray(prefixBytes), false);
  if (id !== own) return { error: crossed(id, own) };
  if (path === "/seldon.protos.Router/Route") return routeFor(id).proto;
  return path === "/seldon.protos.Model/Predict" ? message : { error: `no method ${path}` };
};

await serve({
  rest: createServer({ noDelay: true }, (socket) => serveRest(socket, answerRest)),
  grpc: createServer({ noDelay: true }, (socket) => serveGrpc(socket, answerGrpc)),
});
