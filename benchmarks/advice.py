"""Does the report's advice pay? Searches over problems whose optima are known.

Each case searches a problem for `--trials` trials, asks for advice and then spends as many trials
again in two ways: the old space continued (the same study, TPE keeps its history), and a fresh
study over the space of `next.yaml`, which starts from the winner. A case is won when `next.yaml`
ends with the strictly better best. Every change and every sentence is also held against the known
truth. Optima are drawn anew for every seed, inside or outside of the searched box.

With `--pruner` every trial comes down to its value along a curve of its own speed, so that curves
cross, and all the searches prune by it.

    python benchmarks/advice.py --seeds 10
    python benchmarks/advice.py --seeds 10 --pruner percentile
"""

import argparse
import math
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_class
from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides
from omegaconf import OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from tunesmith.advice import Advice, advise, write_next
from tunesmith.advice.ranges import Numeric, to_unit
from tunesmith.advice.sample import Array

PRESETS = Path(__file__).resolve().parents[1] / "conf" / "hydra" / "sweeper" / "pruner"
# Those that need nothing of an experiment's config.
PRUNERS = sorted(path.stem for path in PRESETS.glob("*.yaml") if path.stem != "auto")
Params = Mapping[str, Any]
Space = dict[str, BaseDistribution]
Trials = list[optuna.trial.FrozenTrial]


@dataclass(frozen=True)
class Problem:
    """A loss with its searched box and its known optimum, which may lie outside of the box.

    `optimum` lists every global optimum as parameter -> value; a parameter that is left out does
    not matter. `noise` is the standard deviation of what a trial sees on top of `value`.
    """

    space: Space
    value: Callable[[Params], float]
    optimum: list[Params]
    noise: float = 0.0
    maximize: bool = False
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)


Maker = Callable[[np.random.Generator], Problem]


@dataclass(frozen=True)
class Search:
    """How every search goes: its trials, and the product's pruner of that name."""

    trials: int
    pruner: str

    def study(self, problem: Problem, seed: int) -> optuna.Study:
        """Return an empty study."""
        settings: Any = OmegaConf.to_container(OmegaConf.load(PRESETS / f"{self.pruner}.yaml"))
        return optuna.create_study(
            direction="maximize" if problem.maximize else "minimize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=get_class(settings.pop("_target_"))(**settings),
        )


_STEPS = 30


@dataclass(frozen=True)
class Curves:
    """Learning curves: from `height` above a trial's value down to it, at a speed of its own.

    Half of the speed is drawn anew for each trial, half goes with the position in the box along
    `slope`: a whole part of the space then starts slowly.
    """

    problem: Problem
    height: float
    slope: Mapping[str, float]

    @classmethod
    def of(cls, problem: Problem, seed: int) -> "Curves":
        """Curves as high as the losses of random points are apart."""
        rng = np.random.default_rng(seed)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
        points = [study.ask(problem.space).params for _ in range(100)]
        values = [problem.value(point) for point in points]
        names = [k for k, dist in problem.space.items() if isinstance(dist, Numeric)]
        slope = dict(zip(names, rng.dirichlet(np.ones(len(names))), strict=True))
        return cls(problem, float(np.subtract(*np.percentile(values, [75, 25]))), slope)

    def excess(self, params: Params, luck: float) -> Array:
        """Return how far each step lies above the last one; `luck` is uniform in 0 ... 1."""
        box = self.problem.space
        place = sum(w * to_unit(params[k], box[k]) for k, w in self.slope.items())
        rate = 0.06 * 8 ** (0.5 * min(1.0, max(0.0, place)) + 0.5 * luck)
        left = np.exp(-rate * np.arange(1, _STEPS + 1))
        sign = -1 if self.problem.maximize else 1
        return sign * self.height * (left - left[-1]) / (1 - left[-1])


def _box(*bounds: tuple[float, float]) -> Space:
    return {f"x{i}": FloatDistribution(low, high) for i, (low, high) in enumerate(bounds)}


def _bowl(space: Space, center: Params, weights: Mapping[str, float], **rest: Any) -> Problem:
    """Squared distance to `center`, each numeric axis in units of its range (log where it is)."""

    def value(params: Params) -> float:
        return sum(w * _offset(space[k], params[k], center[k]) ** 2 for k, w in weights.items())

    return Problem(space, value, [center], **rest)


def _offset(dist: BaseDistribution, value: float, center: float) -> float:
    assert isinstance(dist, FloatDistribution | IntDistribution)
    if dist.log:
        return math.log(value / center) / math.log(dist.high / dist.low)
    return (value - center) / (dist.high - dist.low)


def sphere_inside(rng: np.random.Generator) -> Problem:
    space = _box((-5, 5), (-5, 5), (-5, 5))
    return _bowl(space, {k: rng.uniform(-4, 4) for k in space}, dict.fromkeys(space, 1.0))


def sphere_outside(rng: np.random.Generator) -> Problem:
    space = _box((-5, 5), (-5, 5), (-5, 5))
    center = {k: rng.uniform(-4, 4) for k in space} | {"x0": rng.uniform(6, 9)}
    return _bowl(space, center, dict.fromkeys(space, 1.0))


def sphere_near_bound(rng: np.random.Generator) -> Problem:
    space = _box((-5, 5), (-5, 5))
    return _bowl(space, {"x0": rng.uniform(4.2, 4.7), "x1": rng.uniform(-4, 4)}, {"x0": 1, "x1": 1})


def noisy_sphere(rng: np.random.Generator) -> Problem:
    space = _box((-5, 5), (-5, 5), (-5, 5))
    center = {k: rng.uniform(-4, 4) for k in space}
    return _bowl(space, center, dict.fromkeys(space, 1.0), noise=0.02)


def ellipsoid_outside(rng: np.random.Generator) -> Problem:
    space = _box((-3, 3), (-3, 3), (-3, 3), (-3, 3))
    center = {k: rng.uniform(-2.4, 2.4) for k in space} | {"x1": rng.uniform(-5, -3.5)}
    return _bowl(space, center, {"x0": 1.0, "x1": 10.0, "x2": 0.3, "x3": 3.0})


def rosenbrock(rng: np.random.Generator) -> Problem:
    a = rng.uniform(0.7, 1.3)

    def value(p: Params) -> float:
        return float((a - p["x0"]) ** 2 + 100 * (p["x1"] - p["x0"] ** 2) ** 2)

    return Problem(_box((-2, 2), (-1, 3)), value, [{"x0": a, "x1": a * a}])


def branin(rng: np.random.Generator) -> Problem:
    """Three global optima, and a third parameter that does not matter."""
    shift = rng.uniform(-1, 1)

    def value(p: Params) -> float:
        x, y = p["x0"] - shift, p["x1"]
        bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
        return float(bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)

    space = _box((-5, 10), (0, 15), (0, 100))
    optima = [(-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)]
    return Problem(space, value, [{"x0": x + shift, "x1": y} for x, y in optima])


def ackley(rng: np.random.Generator) -> Problem:
    space = _box((-8, 8), (-8, 8), (-8, 8))
    center = {k: rng.uniform(-6, 6) for k in space}

    def value(p: Params) -> float:
        d = np.array([p[k] - center[k] for k in space])
        root = math.sqrt(float(np.mean(d**2)))
        waves = float(np.mean(np.cos(2 * math.pi * d)))
        return -20 * math.exp(-0.2 * root) - math.exp(waves) + 20 + math.e

    return Problem(space, value, [center])


def hartmann(rng: np.random.Generator) -> Problem:
    """Hartmann's three-dimensional function, its box shifted so that the optimum moves in it."""
    alpha = np.array([1.0, 1.2, 3.0, 3.2])
    a = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
    p0 = 1e-4 * np.array(
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    )
    shift = rng.uniform(-0.05, 0.05, 3)

    def value(p: Params) -> float:
        x = np.array([p[f"x{i}"] for i in range(3)]) - shift
        return float(-alpha @ np.exp(-np.sum(a * (x - p0) ** 2, axis=1)))

    best = np.array([0.114614, 0.555649, 0.852547]) + shift
    space = _box((-0.1, 1.1), (-0.1, 1.1), (-0.1, 1.1))
    return Problem(space, value, [{f"x{i}": x for i, x in enumerate(best)}])


def network(rng: np.random.Generator) -> Problem:
    """Shaped like a small network: a good learning rate and width above the box, one optimizer."""
    space: Space = {
        "lr": FloatDistribution(1e-5, 1e-1, log=True),
        "nodes": IntDistribution(2, 64),
        "layers": IntDistribution(1, 4),
        "optimizer": CategoricalDistribution(["sgd", "adam"]),
    }
    lr, nodes = 10 ** rng.uniform(-0.8, -0.2), int(rng.integers(80, 120))

    def value(p: Params) -> float:
        off = (math.log10(p["lr"] / lr)) ** 2 + 2 * ((p["nodes"] - nodes) / 62) ** 2
        return float(
            (off + 0.05 * (p["layers"] - 1) + 0.01) * (1 if p["optimizer"] == "adam" else 5)
        )

    optimum = {"lr": lr, "nodes": nodes, "layers": 1, "optimizer": "adam"}
    return Problem(space, value, [optimum], noise=0.005)


def saturating(rng: np.random.Generator) -> Problem:
    """More is better, with falling returns: the optimum lies at infinity."""
    space: Space = {
        "size": IntDistribution(4, 256, log=True),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
    }
    rate = 10 ** rng.uniform(-3, -1)

    def value(p: Params) -> float:
        return float(p["size"] ** -0.5 + 0.2 * math.log10(p["rate"] / rate) ** 2)

    return Problem(space, value, [{"size": math.inf, "rate": rate}])


def mixed(rng: np.random.Generator) -> Problem:
    space: Space = {
        "x0": FloatDistribution(-5, 5),
        "depth": IntDistribution(2, 12),
        "kind": CategoricalDistribution(["a", "b", "c"]),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
    }
    center = {
        "x0": rng.uniform(-4, 4),
        "depth": int(rng.integers(3, 12)),
        "kind": str(rng.choice(["a", "b", "c"])),
        "rate": 10 ** rng.uniform(-3.5, -0.5),
    }
    weights = {"x0": 1.0, "depth": 0.5, "rate": 1.0}

    def value(p: Params) -> float:
        bowl = sum(w * _offset(space[k], p[k], center[k]) ** 2 for k, w in weights.items())
        return bowl + 0.15 * (p["kind"] != center["kind"])

    return Problem(space, value, [center])


def unimportant(rng: np.random.Generator) -> Problem:
    """Two parameters that matter beside three that do not."""
    space = _box((-5, 5), (-5, 5), (0, 10), (0, 10))
    space["flag"] = CategoricalDistribution([True, False])
    return _bowl(space, {k: rng.uniform(-4, 4) for k in ("x0", "x1")}, {"x0": 1.0, "x1": 1.0})


def peak_outside(rng: np.random.Generator) -> Problem:
    """Maximised: a peak above the box in one log-scaled parameter."""
    space: Space = {
        "rate": FloatDistribution(1e-4, 1e-1, log=True),
        "x1": FloatDistribution(-5, 5),
        "x2": FloatDistribution(-5, 5),
    }
    center = {
        "rate": 10 ** rng.uniform(-0.8, -0.3),
        "x1": rng.uniform(-4, 4),
        "x2": rng.uniform(-4, 4),
    }
    bowl = _bowl(space, center, dict.fromkeys(space, 1.0))
    return Problem(space, lambda p: math.exp(-3 * bowl.value(p)), [center], maximize=True)


def styblinski_tang(rng: np.random.Generator) -> Problem:
    """Many local optima; the global one moves with the shift."""
    space, shift = _box((-5, 5), (-5, 5), (-5, 5)), rng.uniform(-0.5, 1.5, 3)

    def value(p: Params) -> float:
        x = np.array([p[k] for k in space]) - shift
        return float(np.sum(x**4 - 16 * x**2 + 5 * x) / 2)

    return Problem(space, value, [{k: -2.903534 + s for k, s in zip(space, shift, strict=True)}])


def corner_outside(rng: np.random.Generator) -> Problem:
    """Two optima coordinates outside at once, one below and one above, and a choice."""
    space: Space = {**_box((-5, 5), (-5, 5), (-5, 5)), "kind": CategoricalDistribution(["a", "b"])}
    center = {
        "x0": rng.uniform(-8, -5.5),
        "x1": rng.uniform(5.5, 8),
        "x2": rng.uniform(-4, 4),
        "kind": "b",
    }

    def value(p: Params) -> float:
        bowl = sum(_offset(space[k], p[k], center[k]) ** 2 for k in ("x0", "x1", "x2"))
        return bowl * (1 if p["kind"] == "b" else 1.5) + 0.05 * (p["kind"] == "a")

    return Problem(space, value, [center])


def interaction(rng: np.random.Generator) -> Problem:
    """Each choice has its own best rate: a trap for fixing the choice too early."""
    space: Space = {
        "rate": FloatDistribution(1e-5, 1e-1, log=True),
        "x1": FloatDistribution(-5, 5),
        "kind": CategoricalDistribution(["a", "b"]),
    }
    rates = {"a": 10 ** rng.uniform(-4.5, -3.5), "b": 10 ** rng.uniform(-2.5, -1.5)}
    better, x1 = str(rng.choice(["a", "b"])), rng.uniform(-4, 4)

    def value(p: Params) -> float:
        miss = math.log10(p["rate"] / rates[p["kind"]])
        return float(0.3 * miss**2 + ((p["x1"] - x1) / 10) ** 2 + 0.05 * (p["kind"] != better))

    return Problem(space, value, [{"kind": better, "rate": rates[better], "x1": x1}])


PROBLEMS: list[Maker] = [
    sphere_inside,
    sphere_outside,
    sphere_near_bound,
    noisy_sphere,
    ellipsoid_outside,
    rosenbrock,
    branin,
    ackley,
    hartmann,
    network,
    saturating,
    mixed,
    unimportant,
    peak_outside,
    styblinski_tang,
    corner_outside,
    interaction,
]


@dataclass(frozen=True)
class Case:
    """One problem and seed: whether `next.yaml` won, and how the advice stands against the truth.

    `verdicts` holds (rule, right or wrong) of every piece of advice that can be judged.
    """

    problem: str
    changed: bool
    old: float
    new: float
    verdicts: list[tuple[str, bool]]

    @property
    def won(self) -> bool:
        """Whether `next.yaml` ended strictly better; a tie is lost."""
        return self.new < self.old


def run_case(maker: Maker, seed: int, search: Search) -> Case:
    """Search, ask for advice, go on in the old and in the new space, judge."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = maker(np.random.default_rng(seed))
    curves = Curves.of(problem, seed) if search.pruner != "none" else None
    study = search.study(problem, seed)
    study.optimize(_objective(problem, curves, problem.space, {}, seed), search.trials)
    advice = advise(study)
    new_space, fixed, start = next_space(study, advice)
    first_best = study.best_value
    study.optimize(_objective(problem, curves, problem.space, {}, seed + 1), search.trials)
    old = _best(problem, study.trials, [], {})
    verdicts = judge(problem, study, advice, first_best)
    changed = any(a.changes for a in advice)
    if not changed:
        return Case(maker.__name__, changed, old, old, verdicts)
    again = search.study(problem, seed + 1000)
    again.enqueue_trial({name: start[name] for name in new_space if name in start})
    again.optimize(_objective(problem, curves, new_space, fixed, seed + 1), search.trials)
    return Case(
        maker.__name__,
        changed,
        old,
        _best(problem, study.trials[: search.trials], again.trials, fixed),
        verdicts,
    )


def _objective(
    problem: Problem, curves: Curves | None, space: Space, fixed: Params, seed: int
) -> Callable[[optuna.Trial], float]:
    rng = np.random.default_rng(seed)

    def objective(trial: optuna.Trial) -> float:
        params = {name: trial._suggest(name, dist) for name, dist in space.items()}
        params = {**params, **fixed}
        value = problem.value(params) + problem.noise * float(rng.normal())
        if curves:
            _report(trial, value + curves.excess(params, float(rng.uniform())))
        return value

    return objective


def _report(trial: optuna.Trial, course: Array) -> None:
    for step, value in enumerate(course, start=1):
        trial.report(float(value), step)
        if trial.should_prune():
            raise optuna.TrialPruned


def _best(problem: Problem, first: Trials, further: Trials, fixed: Params) -> float:
    """Loss, without the noise, of the trial that both searches together would hand out."""
    sign = -1 if problem.maximize else 1
    seen = [(sign * t.value, t.params) for t in _complete(first)]
    seen += [(sign * t.value, {**t.params, **fixed}) for t in _complete(further)]
    _, params = min(seen, key=lambda pair: pair[0])
    return sign * problem.value(params)


def _complete(trials: Trials) -> Trials:
    return [t for t in trials if t.state == TrialState.COMPLETE]


def next_space(study: optuna.Study, advice: list[Advice]) -> tuple[Space, dict[str, Any], Params]:
    """Read `next.yaml` the way the sweeper does: space, fixed values, values to start from."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_next(
            Path(folder) / "next.yaml", study=study, advice=advice, search="s", fixed={}
        )
        config = OmegaConf.load(path)
        params = config.hydra.sweeper.params
        arguments = [f"{name}={value}" for name, value in params.items()]
    space, fixed, _ = create_params_from_overrides(arguments)
    overrides = OverridesParser.create().parse_overrides(arguments)
    typed = {o.get_key_element(): o.value() for o in overrides}
    return space, {name: typed[name] for name in fixed}, config


def judge(
    problem: Problem, study: optuna.Study, advice: list[Advice], first_best: float
) -> list[tuple[str, bool]]:
    """Each piece of advice against the known truth, or against the further trials."""
    space, fixed, _ = next_space(study, advice)
    verdicts = []
    for piece in advice:
        for name in piece.changes:
            right = _kept_the_optimum(problem, piece, name, space, fixed)
            verdicts.append((piece.rule, right))
        if piece.rule in ("fewer-trials", "go-on"):
            verdicts.append((piece.rule, _trials_verdict(problem, study, piece, first_best)))
    return verdicts


def _kept_the_optimum(
    problem: Problem, piece: Advice, name: str, space: Space, fixed: Params
) -> bool:
    """Widening: the optimum lies beyond. Narrowing, fixing: what was cut off holds no optimum."""
    known = [optimum[name] for optimum in problem.optimum if name in optimum]
    if not known:
        return piece.rule in ("fix-unimportant", "narrow", "fix-choice")
    old = problem.space[name]
    if piece.rule == "widen":
        new = space[name]
        below = new.low < old.low and any(value < old.low for value in known)
        above = new.high > old.high and any(value > old.high for value in known)
        return below or above
    if piece.rule == "fix-unimportant":
        return False
    if name in fixed:
        return fixed[name] in known
    new = space[name]
    return any(new.low <= min(max(value, old.low), old.high) <= new.high for value in known)


def _trials_verdict(
    problem: Problem, study: optuna.Study, piece: Advice, first_best: float
) -> bool:
    """`fewer-trials`: the further trials add less than 2 % of the gain; `go-on`: they add some."""
    sign = -1 if problem.maximize else 1
    losses = [sign * t.value for t in _complete(study.trials)]
    further = sign * first_best - min(losses)
    total = float(np.median(losses[:10])) - min(losses)
    return further <= 0.02 * total if piece.rule == "fewer-trials" else further > 0


def _run(task: tuple[Maker, int, Search]) -> Case:
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    return run_case(*task)


def print_tables(cases: list[Case], console: Console) -> None:
    """Wins by problem, then right and wrong by rule."""
    wins = Table("problem", "cases", "advised", "won", "median new / old loss gap")
    for name in dict.fromkeys(case.problem for case in cases):
        own = [case for case in cases if case.problem == name]
        changed = [case for case in own if case.changed]
        won = sum(case.won for case in changed)
        ratio = f"{float(np.median([c.new - c.old for c in changed])):+.3g}" if changed else "-"
        wins.add_row(name, str(len(own)), str(len(changed)), f"{won}", ratio)
    rules = Table("rule", "said", "wrong", "share wrong")
    said = Counter(rule for case in cases for rule, _ in case.verdicts)
    wrong = Counter(rule for case in cases for rule, right in case.verdicts if not right)
    for rule, count in said.most_common():
        rules.add_row(rule, str(count), str(wrong[rule]), f"{wrong[rule] / count:.1%}")
    console.print(wins, rules)
    changed = [case for case in cases if case.changed]
    won, total = sum(case.won for case in changed), sum(said.values())
    console.print(
        f"next.yaml won {won} of {len(changed)} cases with a changed space "
        f"({won / max(1, len(changed)):.0%}); advice was wrong {wrong.total()} of {total} times "
        f"({wrong.total() / max(1, total):.1%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="seeds per problem")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=60, help="trials of each of the searches")
    parser.add_argument("--pruner", choices=PRUNERS, default="none")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    search = Search(args.trials, args.pruner)
    tasks = [(maker, seed, search) for maker, seed in product(PROBLEMS, seeds)]
    started = time.perf_counter()
    with ProcessPoolExecutor(args.jobs) as pool:
        cases = list(pool.map(_run, tasks))
    print_tables(cases, Console())
    print(f"{len(tasks)} cases in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
