import { failure, type Issue, type Result, success } from "../../api/result.ts";
import type { ComputeResources } from "../../api/settings.ts";
import { isQuantity } from "../../api/shape/scalar.ts";
import type { ResourceRequirements } from "../../api/types.ts";

/** Where an owner of a cluster said what a container takes: for the faults in it. */
export type Said = {
  readonly path: string;
  /** Where to mend one of the fields. */
  readonly remedy: (field: string) => string;
};

/** What a container asks for and may take, by the settings. */
export const computeResources = (
  { cpuRequest, cpuLimit, memoryRequest, memoryLimit }: ComputeResources,
  { path, remedy }: Said,
): Result<ResourceRequirements> => {
  const issues = Object.entries({ cpuRequest, cpuLimit, memoryRequest, memoryLimit }).flatMap(
    ([field, value]): readonly Issue[] => {
      if (isQuantity(value)) return [];
      const message = `"${value}" is not a quantity such as 100m or 1Gi; ${remedy(field)}`;
      return [{ path: `${path}.${field}`, message }];
    },
  );
  if (issues.length > 0) return failure(issues);
  return success({
    requests: { cpu: cpuRequest, memory: memoryRequest },
    limits: { cpu: cpuLimit, memory: memoryLimit },
  });
};
