/**
 * The container of the soaked graph that misbehaves when it is told to, as a process: a model that
 * echoes over REST and gRPC, on the servers of Node.js and @grpc/grpc-js:
 *
 *     node faulty-container.ts HTTP_PORT GRPC_PORT
 *
 * It checks that head and body of each request belong together.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer, type Socket } from "node:net";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { crossed, serve } from "./container.ts";
import { idIn } from "./message.ts";
import { trash } from "./trash.ts";

/** `good`, or what it does wrong; a process that is killed or stopped need not be told. */
export type Mode = "good" | "slow" | "drop" | "garbage" | "half-close";

let mode: Mode = "good";
const slowMs = 300;
const breakEveryMs = 100;

const delay = (work: () => void): void => {
  if (mode === "slow") setTimeout(work, slowMs * Math.random());
  else work();
};

const answerRest = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
  const id = String(request.headers["seldon-puid"]);
  const own = idIn(body, true);
  let text: Buffer | string = body;
  if (id !== own) text = crossed(id, own);
  const { socket } = request;
  delay(() => {
    if (mode === "garbage") {
      trash(socket, text, id);
      return;
    }
    if (mode === "half-close") {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text.slice(0, 9)}`);
      return;
    }
    if (mode === "drop") {
      response.on("finish", () => setTimeout(() => socket.destroy(), 5 * Math.random()));
    }
    response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
    response.end(text);
  });
};

const rest = createHttpServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("error", () => {}); // the engine has left
  request.on("end", () => answerRest(request, response, Buffer.concat(parts)));
});
rest.on("clientError", (_error, socket) => socket.destroy());

type Call = ServerUnaryCall<Buffer, Buffer>;
const same = (bytes: Buffer): Buffer => bytes;

const grpc = new Server({ "grpc.max_receive_message_length": -1 });
const predict = (call: Call, callback: sendUnaryData<Buffer>): void => {
  const id = String(call.metadata.get("seldon-puid")[0]);
  const own = idIn(call.request, false);
  delay(() => {
    if (id === own) callback(null, call.request);
    else callback({ code: 13, details: crossed(id, own) });
  });
};
grpc.register("/seldon.protos.Model/Predict", predict, same, same, "unary");

/** Connections are seen before gRPC is spoken on them, so that they can be broken. */
const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
const connections = new Set<Socket>();
const grpcNet = createServer({ noDelay: true }, (socket) => {
  connections.add(socket);
  socket.on("close", () => connections.delete(socket));
  socket.on("error", () => {}); // the engine has left
  injector.injectConnection(socket);
});

/** What the frame of HTTP/2 that begins here cannot be. */
const noFrame = Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");

setInterval(() => {
  for (const socket of connections) {
    if (mode === "drop") socket.destroy();
    if (mode === "half-close") socket.end();
    if (mode === "garbage") socket.end(noFrame);
  }
}, breakEveryMs);

process.on("message", (told) => {
  mode = told as Mode; // sent by fleet.ts
});
await serve({ rest, grpc: grpcNet });
