/** Paths of the API, learnt by discovery. Source: Kubernetes documentation, "API concepts". */
import { ApiError } from "./api-error.ts";
import type { Transport } from "./transport.ts";

export type Kind = { readonly apiVersion: string; readonly kind: string };

export type Labels = Readonly<Record<string, string>>;

/** All objects of a kind, or those of a namespace, with these labels or fields. */
export type Where = Kind & {
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly fields?: string;
};

export type Target = Kind & { readonly namespace?: string; readonly name: string };

export type Paths = {
  readonly all: (where: Where) => Promise<string>;
  readonly one: (target: Target, subresource?: string) => Promise<string>;
};

type Resource = { readonly name: string; readonly kind: string; readonly namespaced: boolean };

export const makePaths = (ask: Transport["ask"]): Paths => {
  const known = new Map<string, Resource>();
  const asked = new Map<string, Promise<void>>();

  const discover = async (apiVersion: string): Promise<void> => {
    const path = rootOf(apiVersion);
    const answer = await ask({ method: "GET", path });
    if (answer.status !== 200) throw new ApiError(`GET ${path}`, answer);
    const { resources } = answer.body as { resources: readonly Resource[] }; // as: an APIResourceList
    for (const one of resources) {
      if (!one.name.includes("/")) known.set(`${apiVersion}/${one.kind}`, one);
    }
  };
  /** Many at once ask the server once. */
  const learn = (apiVersion: string): Promise<void> => {
    const learning =
      asked.get(apiVersion) ?? discover(apiVersion).finally(() => asked.delete(apiVersion));
    asked.set(apiVersion, learning);
    return learning;
  };
  const find = async ({ apiVersion, kind }: Kind): Promise<Resource> => {
    if (!known.has(`${apiVersion}/${kind}`)) await learn(apiVersion);
    const found = known.get(`${apiVersion}/${kind}`);
    if (found !== undefined) return found;
    throw new Error(`the API server serves no ${kind} in ${apiVersion}`);
  };
  const all = async ({ apiVersion, kind, namespace }: Where): Promise<string> => {
    const resource = await find({ apiVersion, kind });
    const inNamespace = resource.namespaced && namespace ? `/namespaces/${namespace}` : "";
    return `${rootOf(apiVersion)}${inNamespace}/${resource.name}`;
  };
  return {
    all,
    one: async (target, subresource) =>
      `${await all(target)}/${target.name}${subresource ? `/${subresource}` : ""}`,
  };
};

const rootOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
