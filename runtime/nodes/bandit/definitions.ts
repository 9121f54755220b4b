/** The bandits by their implementation. */
import { routers } from "../../../api/built-ins/routers.ts";
import { define } from "../definition.ts";
import { makeEpsilonGreedy } from "./epsilon-greedy.ts";
import { makeExp3 } from "./exp3.ts";
import { makeLinUcb } from "./linucb.ts";
import { makeThompson } from "./thompson.ts";
import { makeUcb1 } from "./ucb1.ts";

export const bandits = {
  EPSILON_GREEDY: define(routers.EPSILON_GREEDY, makeEpsilonGreedy),
  THOMPSON_SAMPLING: define(routers.THOMPSON_SAMPLING, makeThompson),
  UCB1: define(routers.UCB1, makeUcb1),
  EXP3: define(routers.EXP3, makeExp3),
  LINUCB: define(routers.LINUCB, makeLinUcb),
};
