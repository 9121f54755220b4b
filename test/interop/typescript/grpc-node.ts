/** `@grpc/grpc-js` as a container that does what the metadata `do` says; without it, it echoes. */
import { parseArgs } from "node:util";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { textMessage } from "./messages.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, age: { type: "string", default: "0" } },
});

const callsALine = 500;
let calls = 0;

type Call = ServerUnaryCall<Buffer, Buffer>;
type Group = { missing: number; readonly waiting: (() => void)[] };
const groups = new Map<string, Group>();

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const first = (metadata: Metadata, key: string): string => String(metadata.get(key)[0] ?? "");

/** google.rpc.Status with a google.protobuf.StringValue "rich" in its details. */
const richStatus = (code: number, details: string): Buffer => {
  const field = (tag: number, data: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, data.length]), data]);
  const kind = Buffer.from("type.googleapis.com/google.protobuf.StringValue");
  const value = field(0x0a, Buffer.from("rich"));
  const extra = Buffer.concat([field(0x0a, kind), field(0x12, value)]);
  const text = field(0x12, Buffer.from(details));
  return Buffer.concat([Buffer.from([0x08, code]), text, field(0x1a, extra)]);
};

const failure = (argument: string): object => {
  const [number = "", ...rest] = argument.split(":");
  const details = decodeURIComponent(rest.join(":"));
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", richStatus(Number(number), details));
  return { code: Number(number), details, metadata };
};

const told = (metadata: Metadata): object => {
  const found: Record<string, string[]> = {};
  for (const key of Object.keys(metadata.getMap())) {
    found[key] = metadata
      .get(key)
      .map((value) => (typeof value === "string" ? value : value.toString("base64")));
  }
  return found;
};

const hang = (call: Call): Promise<never> =>
  new Promise(() => {
    call.on("cancelled", () => {
      const why = Number(call.getDeadline()) <= Date.now() ? "deadline" : "cancelled";
      say(`gone ${first(call.metadata, "seldon-puid")} ${why}`);
    });
  });

const gather = (argument: string): Promise<void> =>
  new Promise((resolve) => {
    const group = groups.get(argument) ?? { missing: Number(argument), waiting: [] };
    groups.set(argument, group);
    group.missing -= 1;
    group.waiting.push(resolve);
    if (group.missing > 0) return;
    groups.delete(argument);
    for (const go of group.waiting) go();
  });

const remaining = (call: Call): string => {
  const at = Number(call.getDeadline());
  return Number.isFinite(at) ? String(Math.round(at - Date.now())) : "none";
};

const answer = async (call: Call): Promise<Buffer> => {
  calls += 1;
  if (calls % callsALine === 0) say(`calls ${calls}`);
  const [, does = "", argument = ""] = /^([a-z]*):?(.*)$/.exec(first(call.metadata, "do")) ?? [];
  switch (does) {
    case "":
    case "gzip": // it compresses by itself what is asked for compressed
      return call.request;
    case "fail":
      throw failure(argument);
    case "hang":
      return hang(call);
    case "deadline":
      return textMessage(remaining(call));
    case "size":
      return textMessage("a".repeat(Number(argument)));
    case "gather":
      await gather(argument);
      return call.request;
    case "metadata":
      return textMessage(JSON.stringify(told(call.metadata)));
    default:
      throw { code: 12, details: `cannot do ${does}` };
  }
};

const same = (bytes: Buffer): Buffer => bytes;
const age: ServerOptions =
  values.age === "0" ? {} : { "grpc.max_connection_age_ms": Number(values.age) };
const server = new Server({ "grpc.max_receive_message_length": 4_194_304, ...age });
for (const rpc of ["/seldon.protos.Model/Predict", "/seldon.protos.Model/SendFeedback"]) {
  const handler = (call: Call, callback: sendUnaryData<Buffer>): void => {
    answer(call).then((body) => callback(null, body), callback);
  };
  server.register(rpc, handler, same, same, "unary");
}
server.bindAsync(`127.0.0.1:${values.port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
