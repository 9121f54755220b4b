/** Plans for tests: units by what matters, the rest as an engine reads it. */
import type { Plan, PlanUnit } from "../../api/plan.ts";

export const unit = (over: Partial<PlanUnit> = {}): PlanUnit => ({
  name: "n",
  children: [],
  methods: [],
  parameters: [],
  ...over,
});

export const planOf = (graph: Partial<PlanUnit>): Plan => ({
  name: "p",
  graph: unit(graph),
  version: "",
  labels: {},
  images: {},
});
