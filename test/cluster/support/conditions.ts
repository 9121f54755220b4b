import type { KubernetesObject } from "../../../operator/render/object.ts";

type Condition = { readonly type: string; readonly status: string };

/** Whether an object's condition of this type is True. */
export const isTrue = ({ status }: KubernetesObject, type: string): boolean => {
  const { conditions } = (status ?? {}) as { conditions?: readonly Condition[] | null }; // as: Kubernetes API conventions
  return conditions?.some((one) => one.type === type && one.status === "True") ?? false;
};
