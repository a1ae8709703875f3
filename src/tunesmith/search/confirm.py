"""Train the best trials and the baseline again on new seeds, as a study of its own."""

from itertools import islice
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, Trial

from tunesmith.objectives import objective_of
from tunesmith.search.job import OVERRIDES
from tunesmith.search.plan import Plan
from tunesmith.study import (
    Confirmation,
    SlotSampler,
    create_or_resume_study,
    open_storage,
    read_confirmation,
    slots,
)
from tunesmith.study.confirmation import BASELINE, CANDIDATES, SEED, SUFFIX, TEST, TRIAL
from tunesmith.study.summary import complete, leaders, seconds_of, summarize

MAX_SEED = 2**32 - 1
Point = tuple[int, int]


class Confirm:
    """The points (number of a trial of the search, seed) of one search, and their study.

    A point's trial gets the overrides of the search's trial, and the seed. The points hang on the
    search's best trials: when it is given more trials, what is missing is added.
    """

    def __init__(self, plan: Plan, search: optuna.Study, *, opening_patience: float = 0) -> None:
        self._plan = plan
        self._search = search
        self.study = create_or_resume_study(
            search.study_name + SUFFIX,
            storage=open_storage(plan.settings["storage"], opening_patience=opening_patience),
            directions=plan.directions,
            sampler=SlotSampler(RandomSampler, 0),
        )

    def missing(self) -> list[Point]:
        """The points of the search's best trials that were not yet queued."""
        queued = {_point(trial) for trial in self.study.get_trials(deepcopy=False)}
        wanted = ((n, seed) for seed in self._seeds() for n in self._candidates())
        return [point for point in wanted if point not in queued]

    def queue(self) -> None:
        """Queue what is missing."""
        baseline = summarize(self._search).baseline
        self.study.set_user_attr(CANDIDATES, self._candidates())
        self.study.set_user_attr(BASELINE, None if baseline is None else baseline.number)
        self.study.set_user_attr("metric", self._plan.metric_names[0])
        for number, seed in self.missing():
            # With the parameters: an objective that draws them itself draws these again.
            drawn = self._search.trials[number].params
            self.study.enqueue_trial({**drawn, TRIAL: number, SEED: seed})

    @property
    def n_trials(self) -> int:
        """How many trials the study has once all points are computed.

        A point that two machines queued at once is computed twice, and read once.
        """
        return len(set(slots(self.study.get_trials(deepcopy=False)).values()))

    @property
    def n_open(self) -> int:
        """How many fits are still to be done."""
        trials = self.study.get_trials(deepcopy=False)
        return len(self.missing()) + sum(not t.state.is_finished() for t in trials)

    def seconds(self) -> float:
        """What the fits still to be done take, by the time that the search's trials took."""
        took = [seconds_of(self._search.trials[n]) or 0.0 for n in self._candidates()]
        return float(self.n_open * max(took) / self._plan.settings["n_jobs"])

    def overrides_of(self, trial: Trial) -> list[str]:
        """What the search's trial was computed with, and the seed; its model is kept for a test."""
        number = trial.suggest_int(TRIAL, 0, MAX_SEED)
        seed = trial.suggest_int(SEED, 0, MAX_SEED)
        return [
            *self._search.trials[number].user_attrs[OVERRIDES],
            f"seed={seed}",
            "repeat=1",
            "keep_model=true",
            f"hydra.sweep.subdir=confirm/{trial.number}",
        ]

    def test(self) -> Confirmation | None:
        """Evaluate the winner and the baseline on the test rows, each fit once.

        Only an objective that names `restore` can be tested. A fit of another machine is tested
        there: its model lies in that machine's folder.
        """
        found = read_confirmation(self._search, self.study)
        if found is None or not objective_of(self._plan.base).restorable:
            return found
        tested = self.study.user_attrs
        numbers = {c.trial for c in found.candidates if c.label in (found.winner, found.baseline)}
        for trial in complete(self.study):
            folder, key = Path(trial.user_attrs["hydra.dir"]), f"{TEST}{trial.number}"
            if trial.params[TRIAL] in numbers and key not in tested and folder.is_dir():
                self.study.set_user_attr(key, restored(folder).test())
        return read_confirmation(self._search, self.study)

    def _candidates(self) -> list[int]:
        """The best trials, a point of the space once, and the baseline; the best come first."""
        best: dict[str, int] = {}
        for trial in leaders(self._search):
            best.setdefault(str(sorted(trial.params.items())), trial.number)
        numbers = list(islice(best.values(), self._plan.confirm.n_best))
        baseline = summarize(self._search).baseline
        if baseline is not None and OVERRIDES in baseline.user_attrs:
            numbers.append(baseline.number)
        return list(dict.fromkeys(numbers))

    def _seeds(self) -> list[int]:
        """The first seeds that the search did not use itself."""
        seed, repeat = self._plan.base.get("seed"), self._plan.base.repeat
        first = seed or 0
        used = set() if seed is None and repeat == 1 else set(range(first, first + repeat))
        free = (seed for seed in range(1, MAX_SEED) if seed not in used)
        return list(islice(free, self._plan.confirm.n_seeds))


def restored(folder: Path) -> Any:
    """The fitted model that a run left in its folder, taken up by its own objective."""
    cfg: Any = OmegaConf.load(folder / ".hydra" / "config.yaml")
    return objective_of(cfg).restore(cfg, folder)


def _point(trial: FrozenTrial) -> Point:
    params = trial.params or trial.system_attrs.get("fixed_params", {})
    return params[TRIAL], params[SEED]
