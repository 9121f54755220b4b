/** A client that predicts under ids of its own and sends feedback, in any dialect. */
import { decode, encode } from "../runtime/protocol/messages.ts";
import type { Later } from "./cleanup.ts";
import type { Dialect } from "./dialects.ts";
import type { Engine } from "./engine.ts";
import { forms, type Protocol, type Row } from "./forms.ts";
import { openGrpcClient } from "./grpc.ts";
import { post } from "./rest.ts";

export type Reward = {
  readonly reward: number;
  readonly puid?: string;
  readonly routing?: Readonly<Record<string, number>>;
  /** The request that the reward is for. */
  readonly row?: Row;
};

export type Client = {
  /** Resolves with the route that the answer tells of. */
  predict(puid: string): Promise<{ readonly route: string | undefined }>;
  /** Fails if it is not taken. */
  feedback(reward: Reward): Promise<void>;
  /** The tags of an answer of protocol `seldon` over gRPC. */
  told(row: Row): Promise<unknown>;
};

const paths: Readonly<Record<Protocol, string>> = {
  seldon: "/api/v1.0/predictions",
  v2: "/v2/models/infer",
  tensorflow: "/v1/models/:predict",
};
const rpcs: Readonly<Record<Protocol, string>> = {
  seldon: "/seldon.protos.Seldon/Predict",
  v2: "/inference.GRPCInferenceService/ModelInfer",
  tensorflow: "/tensorflow.serving.PredictionService/Predict",
};

export const open = (later: Later, { protocol, transport }: Dialect, engine: Engine): Client => {
  const form = forms[protocol][transport];
  const grpc = openGrpcClient(later, engine.grpcPort);
  const ask = async (rpc: string, body: Buffer, puid = "") => {
    const metadata = puid === "" ? {} : { "seldon-puid": puid };
    const answer = await grpc.ask(rpc, body, { metadata });
    if (answer.code !== 0) throw new Error(answer.details);
    return answer;
  };
  const send = async (path: string, body: Buffer | string, puid = "") => {
    const headers = { "content-type": "application/json", ...(puid && { "seldon-puid": puid }) };
    const answer = await post(engine.httpPort, path, body, headers);
    if (answer.status !== 200) throw new Error(answer.body.toString());
    return answer;
  };
  const request = form.request([1, 2]);
  return {
    predict: async (puid) => {
      if (transport === "REST") {
        const { headers } = await send(paths[protocol], request, puid);
        return { route: headers["seldon-route"]?.toString() };
      }
      const { initial } = await ask(rpcs[protocol], request, puid);
      return { route: initial.get("seldon-route")[0]?.toString() };
    },
    feedback: async ({ reward, puid, routing, row }) => {
      const sent = row && { data: { ndarray: [row] } };
      if (transport === "REST") {
        const body = JSON.stringify({ reward, puid, routing, request: sent });
        const { headers } = await send("/api/v1.0/feedback", body);
        if (headers["seldon-route"] !== undefined) throw new Error("feedback tells a route");
        return;
      }
      const response = { meta: { puid, routing } };
      const body = encode("seldon.protos.Feedback", { response, reward });
      const { initial } = await ask("/seldon.protos.Seldon/SendFeedback", body);
      if (initial.get("seldon-route").length > 0) throw new Error("feedback tells a route");
    },
    told: async (row) => {
      const { body } = await ask(rpcs.seldon, forms.seldon.gRPC.request(row));
      const { meta } = decode("seldon.protos.SeldonMessage", body) as { meta: { tags: unknown } }; // has tags
      return meta.tags;
    },
  };
};
