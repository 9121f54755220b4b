import type { Plan } from "../../api/plan.ts";
import { makeBuiltIns } from "../../runtime/built-ins.ts";
import type { Random } from "../../runtime/nodes/definition.ts";
import { makeMemoryStore } from "../../runtime/nodes/store/memory.ts";
import { definitions } from "./nodes/definitions.ts";

/** What a graph of this plan is made with, for its built-in nodes. */
export const builtInsOf = (plan: Plan, random: Random = () => 0) => {
  const store = makeMemoryStore(() => 0);
  return {
    builtIns: makeBuiltIns(plan, definitions, { random, now: () => 0, store }),
    headerOf: () => undefined,
  };
};
