/** TensorFlow Serving, alone or behind a proxy. Source: operator contract, 7.3a. */
import { protocolOf } from "../../../api/deployment.ts";
import { find, walk } from "../../../api/graph.ts";
import { at } from "../../../api/path.ts";
import { serverImage } from "../../../api/prepackaged.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import type { Container, PodSpec, PredictiveUnit } from "../../../api/types.ts";
import { modelFolder } from "../env.ts";
import { withContainer } from "../storage/mount.ts";
import { tensorflowContainerName } from "../subject.ts";
import { imageOf, type Job, running, type Server, toldParameters, withOwnImage } from "./server.ts";

export const tensorflow: Server = (job) =>
  protocolOf(job.subject.deployment) === "tensorflow" ? serving(job) : proxied(job);

type Listening = { readonly http: number; readonly grpc: number };

/** The node's own container is the server, which speaks its own protocol. */
const serving: Server = (job) => {
  const imaged = withOwnImage(job);
  if (!imaged.ok) return imaged;
  const container = withArgs(imaged.value, job.unit.name, job);
  return success({ pod: withContainer(job.pod, container), reader: container.name });
};

/** A user's own arguments are kept whole: several models are served by a file that they name. */
const withArgs = (container: Container, model: string, { http, grpc }: Listening): Container => ({
  ...container,
  args: container.args?.length
    ? container.args
    : [
        `--port=${grpc}`,
        `--rest_api_port=${http}`,
        `--model_name=${model}`,
        `--model_base_path=${modelFolder}`,
      ],
});

/** The node's container speaks the protocol of the graph to a server of its own beside it. */
const proxied: Server = (job) => {
  const { unit, path, subject } = job;
  const beside = serverBeside(job);
  if (find(subject.predictor.graph, beside.name) !== undefined) {
    const message =
      `needs a container "${beside.name}" beside its proxy, and a node has that name; ` +
      "rename that node and its container";
    return failure([{ path: at(path, "implementation"), message }]);
  }
  const proxy = proxyContainer(job);
  if (!proxy.ok) return proxy;
  const server = serverContainer(job, beside);
  if (!server.ok) return server;
  const told = toldParameters(proxy.value, unit, [
    ...(isSentElsewhere(unit) ? [] : endpointsOf(beside)),
    ["model_name", unit.name],
  ]);
  return success({
    pod: withServer(withContainer(job.pod, told), server.value),
    reader: beside.name,
  });
};

const endpointsOf = ({ http, grpc }: Beside): readonly (readonly [string, string])[] => [
  ["rest_endpoint", `http://0.0.0.0:${http}`],
  ["grpc_endpoint", `0.0.0.0:${grpc}`],
];

const isSentElsewhere = ({ parameters }: PredictiveUnit): boolean =>
  parameters?.some(({ name }) => name === "rest_endpoint" || name === "grpc_endpoint") ?? false;

/** A proxy runs the cluster's image whatever its container says; its own where there is none. */
const proxyContainer = (job: Job): Result<Container> => {
  const image = imageOf(job);
  if (image.ok) return success(running(job.container, image.value));
  return job.container.image ? success(job.container) : image;
};

/** The server of a proxy: its container and the ports on which that listens. */
type Beside = Listening & { readonly name: string };

/**
 * Each proxy of a pod has a server of its own, the first one that of v1.
 * Source: operator contract, 7.3a, 12.12.
 */
const serverBeside = ({ pod, unit, subject }: Job): Beside => {
  const rank = walk(subject.predictor.graph)
    .filter(({ implementation }) => implementation === unit.implementation)
    .filter(({ name }) => pod.containers.some((container) => container.name === name))
    .findIndex(({ name }) => name === unit.name);
  const name = rank === 0 ? tensorflowContainerName : `${tensorflowContainerName}-${unit.name}`;
  return { name, grpc: 2000 + 2 * rank, http: 2001 + 2 * rank };
};

/** The server: a user's container of its name with what that leaves out, or a new one. */
const serverContainer = (job: Job, beside: Beside): Result<Container> => {
  const own = job.pod.containers.find(({ name }) => name === beside.name);
  const image = own?.image || serverImage(job.subject.settings, "TENSORFLOW_SERVER", "tensorflow");
  if (!image) {
    const message =
      "TENSORFLOW_SERVER has no image for protocol tensorflow, which its proxy speaks to; " +
      `name one in data.predictor_servers of seldon-config, or add a container "${beside.name}"`;
    return failure([{ path: at(job.path, "implementation"), message }]);
  }
  const ports = own?.ports ?? [];
  const missing = [beside.grpc, beside.http].filter(
    (port) => !ports.some(({ containerPort }) => containerPort === port),
  );
  const container: Container = {
    name: beside.name,
    ...own,
    image,
    imagePullPolicy: own?.imagePullPolicy || "IfNotPresent",
    ports: [...ports, ...missing.map((containerPort) => ({ containerPort, protocol: "TCP" }))],
  };
  return success(withArgs(container, job.unit.name, beside));
};

const withServer = (pod: PodSpec, server: Container): PodSpec =>
  pod.containers.some(({ name }) => name === server.name)
    ? withContainer(pod, server)
    : { ...pod, containers: [...pod.containers, server] };
