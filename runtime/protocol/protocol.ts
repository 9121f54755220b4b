import type { FeedbackRoutes } from "../engine/engine.ts";
import type { EngineError } from "../errors.ts";
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import type { HttpAnswer } from "../server/http.ts";

/** What a node is asked to do. */
export type Verb =
  | "predict"
  | "transform-input"
  | "transform-output"
  | "route"
  | "aggregate"
  | "send-feedback"
  | "infer-stream"
  | "generate"
  | "generate-stream"
  | "status"
  | "metadata";

/** What a request to the engine is for. */
export type Action =
  | "predict"
  /** Only through a graph of a single model, whose answer passes on as it comes. */
  | "stream"
  | "feedback"
  | "status"
  | "ready"
  | "metadata"
  | "graph-metadata"
  | "server-live"
  | "server-metadata";

/** A path of the engine; `{unit}` stands for one segment. OPTIONS is answered on all of them. */
export type RestRoute = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly action: Action;
  /** What the model is asked, where the action is "stream". */
  readonly verb?: Verb;
};

/** The two ways in which a message writes an array of numbers. */
export type DataForm = "tensor" | "ndarray";

export type HowToWrite = {
  /** Otherwise as the first message that it is made of. */
  readonly form?: DataForm | undefined;
  /** The numbers stand for those of the message: tensors keep their name, and stay 32 bits wide. */
  readonly transforms?: boolean;
  /** The node that answers, for a message that must name a model and is made of one that does not. */
  readonly name?: string;
};

/** What a message of feedback says. */
export type FeedbackParts = {
  /** Of the request that it is about, in its answer or else in the request; undefined if in neither. */
  readonly id: string | undefined;
  /** 0 if it gives none. */
  readonly reward: number;
  /** The numbers of the request that it is about; undefined if it does not hold it. @throws {EngineError} PAYLOAD_UNFIT */
  request(): NumericView | undefined;
  /** Those of the right answer. @throws {EngineError} PAYLOAD_UNFIT */
  truth(): NumericView | undefined;
};

/**
 * The few places in which a message must be looked into, for one protocol over one transport.
 */
export type Codec = {
  /** A message as the next model, called `model`, can read it. @throws {EngineError} MESSAGE_UNREADABLE */
  chain(message: Payload, model: string): Payload;
  /** The children's answers as one message to a combiner. @throws {EngineError} MESSAGE_UNREADABLE */
  join(answers: readonly Payload[], model: string): Payload;
  /** The route in a router's answer. @throws {EngineError} ROUTE_UNREADABLE */
  route(answer: Payload): number;
  /** Nodes are sent feedback; otherwise it ends at the engine. Source: engine contract, 5.1, 5.3 and 6.7. */
  readonly takesFeedback: boolean;
  /** The routes that a feedback message carries; ALL where it carries none. */
  feedbackRoutes(message: Payload): FeedbackRoutes;
  /** What it says, for built-in nodes, which learn in every protocol. @throws {EngineError} MESSAGE_UNREADABLE */
  feedback(message: Payload): FeedbackParts;
  /** The message with these tags, beside those that it has; as it is where the protocol has no place for them. */
  tag(message: Payload, tags: Readonly<Record<string, unknown>>): Payload;
  /** The message in the JSON form of its protocol. @throws {EngineError} PAYLOAD_UNFIT */
  json(message: Payload): unknown;
  /** The message with `meta.routing` set and every other byte as it was. */
  record(message: Payload, routes: ReadonlyMap<string, number>): Payload;
  /** The numbers in a message, for built-in nodes. @throws {EngineError} PAYLOAD_UNFIT */
  view(message: Payload): NumericView;
  /** A message that holds these numbers: an answer, made of `like`. */
  write(view: NumericView, like: readonly Payload[], how?: HowToWrite): Payload;
};

/** JSON Schemas of what goes in and out, for the API's description. */
export type ApiShapes = {
  readonly schemas: Readonly<Record<string, object>>;
  readonly message: object;
  readonly feedback: object;
  readonly error: object;
};

/** Each of `paths` ends in `/**`. */
export type ApiDocs = {
  readonly paths: readonly string[];
  readonly file: string;
  readonly shapes: ApiShapes;
};

/** One wire protocol over REST, chosen once at start. */
export type RestProtocol = {
  readonly codec: Codec;
  readonly routes: readonly RestRoute[];
  /** Where the API is described for people and, in `file`, for machines; undefined if nowhere. */
  readonly docs: ApiDocs | undefined;
  /** Where `--full_health_checks` asks a node; undefined only connects. */
  readonly healthPath: string | undefined;
  /** Path on a node's port. `model` is the node's name, or the one of the request's path. */
  path(verb: Verb, model: string): string;
  /** What the server says of itself, if the protocol asks. */
  about?(): HttpAnswer;
  /** What a built-in node says when it is asked for its status. */
  healthy(unit: string): object;
  /** The answer to a client whose request failed. */
  failure(error: EngineError): HttpAnswer;
};
