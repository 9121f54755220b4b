/**
 * One step of the ladder from a bare server to an engine, as a process: what each way to serve and
 * to call costs by itself. usage: main.ts STEP PORT NODE_PORT ANSWER_BYTES
 */
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import { messageOf } from "../bodies.ts";
import { paths } from "../cases.ts";
import { type Handler, listenNet, makeNetClient } from "./net.ts";
import type { Step } from "./steps.ts";

const [step = "", port = 0, nodePort = 0, answerBytes = 0] = [
  process.argv[2],
  ...process.argv.slice(3).map(Number),
];

const collect = (from: IncomingMessage, onBody: (body: Buffer) => void): void => {
  const parts: Buffer[] = [];
  from.on("data", (part: Buffer) => parts.push(part));
  from.on("end", () => onBody(Buffer.concat(parts)));
};

const listenHttp = (handle: Handler): void => {
  createServer((asked, answer) => {
    collect(asked, (body) =>
      handle(body, (answered) => {
        answer.writeHead(200, {
          "content-type": "application/json",
          "content-length": answered.length,
        });
        answer.end(answered);
      }),
    );
  }).listen(port, "127.0.0.1");
};

const makeAgentClient = (): Handler => {
  const agent = new Agent({ keepAlive: true });
  const options = { host: "127.0.0.1", port: nodePort, path: paths.rest, method: "POST", agent };
  return (body, answer) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const call = request({ ...options, headers }, (answered) => collect(answered, answer));
    call.end(body);
  };
};

const ownAnswer = Buffer.from(messageOf(answerBytes));
const answerAtOnce: Handler = (_, answer) => answer(ownAnswer);

const steps: Readonly<Record<Step, () => void>> = {
  "net answers": () => listenNet(port, answerAtOnce),
  "http answers": () => listenHttp(answerAtOnce),
  "net, net": () => listenNet(port, makeNetClient(nodePort, paths.rest)),
  "http, net": () => listenHttp(makeNetClient(nodePort, paths.rest)),
  "http, Agent": () => listenHttp(makeAgentClient()),
};

if (!Object.hasOwn(steps, step)) throw new Error(`there is no step "${step}"`);
steps[step as Step](); // as: looked up above
