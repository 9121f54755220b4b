"""What other implementations say: numbers that the tests of the bandit routers compare with.

    node test/regret/reference.ts

runs it in an environment of pinned packages and writes reference.json beside it.
"""
import contextlib
import io
import json
import math
import pathlib
import sys
from importlib.metadata import version

import numpy as np
from mabwiser.mab import MAB, LearningPolicy
from scipy import integrate, stats

with contextlib.redirect_stdout(io.StringIO()):
    from SMPyBandits.Policies import Exp3

HERE = pathlib.Path(__file__).parent
PROBLEMS = json.loads((HERE / "problems.json").read_text())
GRID = [i / 20 for i in range(1, 20)]


class Play:
    """One run of a problem: the mean rewards, a reward and what the request says, step by step."""

    def __init__(self, problem, rng):
        self.problem, self.rng = problem, rng
        rows = problem.get("means") or problem.get("coefficients")
        self.arms = problem["arms"] if rows is None else len(rows)

    def step(self, at):
        kind, problem, rng = self.problem["kind"], self.problem, self.rng
        if kind == "bernoulli":
            means = np.array(problem["means"])
            return means, lambda arm: float(rng.random() < means[arm]), None
        if kind == "gaussian":
            means = np.array(problem["means"])
            return means, lambda arm: rng.normal(means[arm], problem["deviations"][arm]), None
        if kind == "shifting":
            phase = math.floor(math.log(at + 1) / math.log(problem["growth"])) % 2
            top = [problem["gap"], 1.0][phase]
            means = np.full(self.arms, top - problem["gap"])
            means[problem["best"]] = top
            return means, lambda arm: float(rng.random() < means[arm]), None
        raw = rng.normal(size=len(problem["coefficients"][0]))
        context = raw / np.linalg.norm(raw)
        means = np.array(problem["coefficients"]) @ context
        return means, lambda arm: rng.normal(means[arm], problem["deviation"]), context


def mabwiser(policy):
    """Chooses at random until it has a reward, for the library starts with a history."""

    def make(arms, seed):
        mab = MAB(list(range(arms)), policy, seed=seed)
        state = {"fitted": False}

        def choose(context):
            contexts = None if context is None else [context]
            if not state["fitted"]:
                return seed % arms
            return mab.predict(contexts)

        def learn(arm, reward, context):
            contexts = None if context is None else [context]
            fit = mab.partial_fit if state["fitted"] else mab.fit
            fit([arm], [reward], contexts)
            state["fitted"] = True

        return choose, learn

    return make


def mabwiser_ucb1(arms, seed):
    """As published, each arm is played once first; the library leaves that to its user."""
    choose, learn = mabwiser(LearningPolicy.UCB1(alpha=1))(arms, seed)
    state = {"played": 0}

    def choose_all_first(context):
        state["played"] += 1
        return state["played"] - 1 if state["played"] <= arms else choose(context)

    return choose_all_first, learn


def smpybandits(policy):
    def make(arms, seed):
        np.random.seed(seed)
        one = policy(arms)
        one.startGame()
        return lambda context: one.choice(), lambda arm, reward, context: one.getReward(arm, reward)

    return make


def regret(make, name, horizon, runs):
    totals = []
    for seed in range(runs):
        play = Play(PROBLEMS[name], np.random.default_rng(seed))
        choose, learn = make(play.arms, seed)
        total = 0.0
        for at in range(horizon):
            means, reward, context = play.step(at)
            arm = int(choose(context))
            total += means.max() - means[arm]
            learn(arm, reward(arm), context)
        totals.append(total)
    return {
        "horizon": horizon,
        "runs": runs,
        "mean": float(np.mean(totals)),
        "error": float(np.std(totals, ddof=1) / math.sqrt(runs)),
    }


CONTESTS = [
    ("EPSILON_GREEDY", {}, "even", "mabwiser", mabwiser(LearningPolicy.EpsilonGreedy(epsilon=0.1))),
    ("EPSILON_GREEDY", {}, "close", "mabwiser", mabwiser(LearningPolicy.EpsilonGreedy(epsilon=0.1))),
    ("THOMPSON_SAMPLING", {}, "even", "mabwiser", mabwiser(LearningPolicy.ThompsonSampling())),
    ("THOMPSON_SAMPLING", {}, "close", "mabwiser", mabwiser(LearningPolicy.ThompsonSampling())),
    ("UCB1", {}, "even", "mabwiser", mabwiser_ucb1),
    ("UCB1", {}, "close", "mabwiser", mabwiser_ucb1),
    ("EXP3", {"gamma": "0.1"}, "even", "SMPyBandits", smpybandits(lambda k: Exp3(k, gamma=0.1))),
    ("EXP3", {"gamma": "0.1"}, "shifting", "SMPyBandits", smpybandits(lambda k: Exp3(k, gamma=0.1))),
    ("LINUCB", {"n_features": "5", "alpha": "1", "intercept": "false"}, "linear", "mabwiser",
     mabwiser(LearningPolicy.LinUCB(alpha=1, l2_lambda=1))),
]


def regrets(horizon=2000, runs=100):
    for implementation, parameters, problem, library, make in CONTESTS:
        print(f"{implementation} {problem}", file=sys.stderr)
        yield {
            "implementation": implementation,
            "parameters": parameters,
            "problem": problem,
            "library": library,
            **regret(make, problem, horizon, runs),
        }


def quantiles():
    """By which draws are held to their distributions."""
    shapes = [0.05, 0.5, 1.0, 1.5, 30.0]
    pairs = [(0.1, 0.2), (0.5, 0.5), (1.0, 1.0), (2.0, 5.0), (0.3, 40.0), (300.0, 700.0)]
    yield {"law": "normal", "parameters": [], "quantiles": stats.norm.ppf(GRID).tolist()}
    for shape in shapes:
        yield {"law": "gamma", "parameters": [shape],
               "quantiles": stats.gamma.ppf(GRID, shape).tolist()}
    for a, b in pairs:
        yield {"law": "beta", "parameters": [a, b], "quantiles": stats.beta.ppf(GRID, a, b).tolist()}


def log(rng, arms, steps, reward):
    choices = rng.integers(arms, size=steps)
    return [[int(arm), float(reward(arm))] for arm in choices]


def ucb1(rng):
    """The index of each arm after a log of arms and rewards."""
    for steps in [3, 10, 200]:
        lines = [[arm, 1.0] for arm in range(3)] if steps == 3 else log(
            rng, 3, steps, lambda arm: rng.random() < 0.2 * (arm + 1))
        mab = MAB([0, 1, 2], LearningPolicy.UCB1(alpha=1.5))
        mab.fit([arm for arm, _ in lines], [reward for _, reward in lines])
        yield {"alpha": 1.5, "log": lines, "indices": list(mab.predict_expectations().values())}


def linucb(rng):
    """The expected reward and its bound for a row, and the coefficients, after a log with rows."""
    for width, steps, scale in [(1, 3, 1.0), (4, 40, 1.0), (6, 120, 10.0)]:
        theta = rng.normal(size=(2, width))
        rows = (scale * rng.normal(size=(steps, width))).tolist()
        arms = [int(arm) for arm in rng.integers(2, size=steps)]
        rewards = [float(theta[arm] @ row + rng.normal()) for arm, row in zip(arms, rows)]
        mab = MAB([0, 1], LearningPolicy.LinUCB(alpha=0.7, l2_lambda=1))
        mab.fit(arms, rewards, rows)
        asked = (scale * rng.normal(size=width)).tolist()
        expected = mab.predict_expectations([asked])
        yield {
            "alpha": 0.7, "width": width, "arms": arms, "rewards": rewards, "rows": rows,
            "asked": asked, "scores": [float(expected[arm]) for arm in (0, 1)],
            "coefficients": [mab._imp.arm_to_model[arm].beta.tolist() for arm in (0, 1)],
        }


def exp3(rng):
    """The probabilities after a log of arms and rewards, made as the weights would have it."""
    for gamma in [0.05, 0.3]:
        np.random.seed(7)
        one = Exp3(4, gamma=gamma)
        one.startGame()
        lines = log(rng, 4, 60, lambda arm: round(0.25 * arm * rng.random(), 3))
        for arm, reward in lines:
            one.getReward(arm, reward)
        yield {"gamma": gamma, "log": lines, "probabilities": one.trusts.tolist()}


def best_of_beta():
    """The probability that each of some Beta variables is the highest."""
    for pairs in [[(1, 1), (1, 1)], [(3, 9), (12, 20), (5, 4)], [(90, 12), (80, 22)]]:
        laws = [stats.beta(a, b) for a, b in pairs]

        def chance(i):
            others = [law for j, law in enumerate(laws) if j != i]
            density = lambda x: laws[i].pdf(x) * np.prod([law.cdf(x) for law in others])
            return integrate.quad(density, 0, 1, epsabs=1e-10)[0]

        yield {"beta": pairs, "chances": [chance(i) for i in range(len(pairs))]}


def posterior_of_mean():
    """Quantiles of the mean reward under the flat prior: Student's t with n - 3 degrees."""
    for rewards in [[1.0, 2.0, 4.0, 4.0, 3.0, 2.5], [100.0 + i % 7 for i in range(60)]]:
        n, mean = len(rewards), float(np.mean(rewards))
        squares = float(np.sum((np.array(rewards) - mean) ** 2))
        spread = squares + squares / (n - 1)  # one more reward with the variance of all
        law = stats.t(n - 3, loc=mean, scale=math.sqrt(spread / (n * (n - 3))))
        yield {"rewards": rewards, "quantiles": law.ppf(GRID).tolist()}


def text(part):
    """A list of objects has one a line."""
    if not isinstance(part, list) or not isinstance(part[0], dict):
        return json.dumps(part)
    return "[\n" + ",\n".join(f"    {json.dumps(one)}" for one in part) + "\n  ]"


def main():
    rng = np.random.default_rng(20)
    reference = {
        "python": "%d.%d" % sys.version_info[:2],
        "packages": {name: version(name) for name in ["mabwiser", "SMPyBandits", "numpy", "scipy"]},
        "grid": GRID,
        "laws": list(quantiles()),
        "ucb1": list(ucb1(rng)),
        "linucb": list(linucb(rng)),
        "exp3": list(exp3(rng)),
        "bestOfBeta": list(best_of_beta()),
        "posteriorOfMean": list(posterior_of_mean()),
        "regrets": list(regrets()),
    }
    lines = [f"  {json.dumps(name)}: {text(part)}" for name, part in reference.items()]
    (HERE / "reference.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
