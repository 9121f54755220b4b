/** The way of a bandit: a prediction says which way it went, and feedback goes that way again. */
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { decode, encode } from "../runtime/protocol/messages.ts";
import { closeAfterEach, type Later } from "./cleanup.ts";
import { at, type Engine, openEngine } from "./engine.ts";
import { openGrpcClient, openGrpcHost } from "./grpc.ts";
import { openRestHost, post } from "./rest.ts";

const later = closeAfterEach();

type Routing = Readonly<Record<string, number>>;

/** A prediction: what the answer and its header or metadata tell of the way it took. */
type Told = { readonly routing: Routing; readonly route: string };

/** Containers of one transport. Each counts predictions and feedback. */
type Side = {
  readonly name: string;
  /** `routes` are the answers of a router, in order; a model has none. */
  open(later: Later, routes?: readonly number[]): Promise<Container>;
  predict(engine: Engine): Promise<Told>;
  /** Sends feedback on an answer that went this way. */
  feedback(engine: Engine, routing: Routing): Promise<void>;
};

type Container = {
  readonly endpoint: NonNullable<UnitSource["endpoint"]>;
  readonly counts: { predictions: number; feedback: number };
};

const makeContainer = (routes: readonly number[]) => {
  const counts = { predictions: 0, feedback: 0 };
  return {
    counts,
    route: (): number => {
      counts.predictions += 1;
      return routes[(counts.predictions - 1) % routes.length] ?? 0;
    },
    predicted: (): void => {
      counts.predictions += 1;
    },
    heard: (): void => {
      counts.feedback += 1;
    },
  };
};

const puid = { "content-type": "application/json", "seldon-puid": "p" };

const rest: Side = {
  name: "REST",
  open: async (close, routes = []) => {
    const { counts, route, predicted, heard } = makeContainer(routes);
    const host = await openRestHost(close, {
      "/route": () => ({ body: JSON.stringify({ data: { ndarray: [[route()]] } }) }),
      "/predict": () => {
        predicted();
        return { body: '{"meta":{"tags":{"k":1}},"data":{"ndarray":[1.0]}}' };
      },
      "/send-feedback": () => {
        heard();
        return { body: "{}" };
      },
    });
    return { endpoint: at(host), counts };
  },
  predict: async ({ httpPort }) => {
    const body = '{"data":{"ndarray":[[1]]}}';
    const answer = await post(httpPort, "/api/v1.0/predictions", body, puid);
    expect(answer.status).toBe(200);
    const route = String(answer.headers["seldon-route"]);
    return { routing: JSON.parse(answer.body.toString()).meta.routing, route };
  },
  feedback: async ({ httpPort }, routing) => {
    const body = JSON.stringify({ request: {}, response: { meta: { routing } }, reward: 1 });
    expect((await post(httpPort, "/api/v1.0/feedback", body)).status).toBe(200);
  },
};

const message = "seldon.protos.SeldonMessage";
const proto = (meta: object, value: number): Buffer =>
  encode(message, { meta, data: { tensor: { shape: [1], values: [value] } } });

const grpc: Side = {
  name: "gRPC",
  open: async (close, routes = []) => {
    const { counts, route, predicted, heard } = makeContainer(routes);
    const host = await openGrpcHost(close, {
      unary: {
        "/seldon.protos.Router/Route": () => proto({}, route()),
        "/seldon.protos.Model/Predict": () => {
          predicted();
          return proto({ tags: { k: { numberValue: 1 } } }, 1);
        },
        "/seldon.protos.Model/SendFeedback": () => {
          heard();
          return proto({}, 0);
        },
      },
    });
    return { endpoint: at(host), counts };
  },
  predict: async ({ grpcPort }) => {
    const client = openGrpcClient(later, grpcPort);
    const answer = await client.ask("/seldon.protos.Seldon/Predict", proto({}, 1));
    expect(answer.code).toBe(0);
    const { meta } = decode(message, answer.body) as { meta: { routing: Routing } };
    return { routing: meta.routing, route: String(answer.initial.get("seldon-route")[0]) };
  },
  feedback: async ({ grpcPort }, routing) => {
    const body = encode("seldon.protos.Feedback", { response: { meta: { routing } }, reward: 1 });
    const client = openGrpcClient(later, grpcPort);
    expect((await client.ask("/seldon.protos.Seldon/SendFeedback", body)).code).toBe(0);
  },
};

const sides = [rest, grpc];

describe.each(sides)("routing and feedback over $name", (side) => {
  const models = async (count: number): Promise<readonly Container[]> => {
    const opened: Container[] = [];
    for (let i = 0; i < count; i += 1) opened.push(await side.open(later));
    return opened;
  };
  const units = (containers: readonly Container[], name: string): readonly UnitSource[] =>
    containers.map(({ endpoint }, i) => ({ name: `${name}${i}`, type: "MODEL", endpoint }));

  it("reach the branch that a router in a container chose, and the router itself", async () => {
    const router = await side.open(later, [1, 0, 2, 1]);
    const branches = await models(3);
    const engine = await openEngine(later, {
      name: "r",
      type: "ROUTER",
      endpoint: router.endpoint,
      children: units(branches, "m"),
    });
    for (const chosen of [1, 0, 2, 1]) {
      const told = await side.predict(engine);
      expect(told).toEqual({ routing: { r: chosen, [`m${chosen}`]: -1 }, route: `r=${chosen}` });
      await side.feedback(engine, told.routing);
    }
    expect(router.counts).toEqual({ predictions: 4, feedback: 4 });
    expect(branches.map(({ counts }) => counts)).toEqual([
      { predictions: 1, feedback: 1 },
      { predictions: 2, feedback: 2 },
      { predictions: 1, feedback: 1 },
    ]);
  });

  it("reach the branch that RANDOM_ABTEST drew, thirty times", async () => {
    const branches = await models(2);
    const engine = await openEngine(later, {
      name: "ab",
      implementation: "RANDOM_ABTEST",
      children: units(branches, "m"),
    });
    for (let i = 0; i < 30; i += 1) {
      const { routing, route } = await side.predict(engine);
      expect(route).toBe(`ab=${routing["ab"]}`);
      await side.feedback(engine, routing);
    }
    const [a, b] = branches;
    expect(a?.counts.feedback).toBe(a?.counts.predictions);
    expect(b?.counts.feedback).toBe(b?.counts.predictions);
    expect((a?.counts.feedback ?? 0) + (b?.counts.feedback ?? 0)).toBe(30);
  });

  it("follow routers inside routers", async () => {
    const outer = await side.open(later, [1]);
    const inner = await side.open(later, [0]);
    const [aside, ...branches] = await models(3);
    const engine = await openEngine(later, {
      name: "outer",
      type: "ROUTER",
      endpoint: outer.endpoint,
      children: [
        { name: "aside", type: "MODEL", endpoint: aside?.endpoint },
        {
          name: "inner",
          type: "ROUTER",
          endpoint: inner.endpoint,
          children: units(branches, "m"),
        },
      ],
    });
    const told = await side.predict(engine);
    expect(told.route).toBe("outer=1,inner=0");
    await side.feedback(engine, told.routing);
    const all = [outer, inner, aside, ...branches].map((one) => one?.counts.feedback);
    expect(all).toEqual([1, 1, 0, 1, 0]);
  });

  it("reach every branch when the feedback tells no way", async () => {
    const router = await side.open(later, [1]);
    const branches = await models(2);
    const engine = await openEngine(later, {
      name: "r",
      type: "ROUTER",
      endpoint: router.endpoint,
      children: units(branches, "m"),
    });
    await side.feedback(engine, {});
    await side.feedback(engine, { other: 1 });
    expect(branches.map(({ counts }) => counts.feedback)).toEqual([2, 2]);
    expect(router.counts.feedback).toBe(2);
  });
});
