/** The containers of the soaked graph: a combiner over two models, over REST and gRPC. */
import type { UnitSource } from "../../api/plan.ts";
import type { Later } from "../contract/cleanup.ts";
import { at } from "../contract/engine.ts";
import { openGrpcHost } from "../contract/grpc.ts";
import { openRestHost, type RestHandler } from "../contract/rest.ts";
import { encode } from "../runtime/protocol/messages.ts";

const message = encode("seldon.protos.SeldonMessage", {
  meta: { tags: { model: { stringValue: "soak" } } },
  data: { names: ["a", "b"], tensor: { shape: [1, 2], values: [0.25, 0.75] } },
});
const json =
  '{"meta":{"tags":{"model":"soak"}},"data":{"names":["a","b"],"ndarray":[[0.25,0.75]]}}';

const answer: RestHandler = () => ({ body: json });

/** The health that `--full_health_checks` asks for. Source: engine contract, 10.5. */
const health = { "/api/v1.0/health/status": answer };

const openUnit = async (
  later: Later,
  name: string,
  type: "MODEL" | "COMBINER",
): Promise<UnitSource> => {
  const isModel = type === "MODEL";
  const rest = await openRestHost(later, {
    ...health,
    [isModel ? "/predict" : "/aggregate"]: answer,
    "/send-feedback": answer,
  });
  const grpc = await openGrpcHost(later, {
    unary: {
      [isModel ? "/seldon.protos.Model/Predict" : "/seldon.protos.Combiner/Aggregate"]: () =>
        message,
      "/seldon.protos.Model/SendFeedback": () => message,
    },
  });
  return { name, type, endpoint: at({ httpPort: rest.httpPort, grpcPort: grpc.grpcPort }) };
};

export const openGraph = async (later: Later): Promise<UnitSource> => ({
  ...(await openUnit(later, "combiner", "COMBINER")),
  children: [await openUnit(later, "one", "MODEL"), await openUnit(later, "two", "MODEL")],
});

export const request = { message, json };
