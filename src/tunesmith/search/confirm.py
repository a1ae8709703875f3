"""Train the best trials and the baseline again on new seeds, as a study of its own."""

from functools import cached_property, partial
from itertools import islice

import optuna
from hydra.core.config_loader import ConfigLoader
from omegaconf import OmegaConf
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, Trial

from tunesmith.overrides import write_override
from tunesmith.search.fitted import restored
from tunesmith.search.job import compose_job
from tunesmith.search.plan import Plan
from tunesmith.search.user_code import user_code
from tunesmith.search.worker_environment import opening_retry_s
from tunesmith.study import (
    SEED,
    SUFFIX,
    TRIAL,
    Confirmation,
    SlotSampler,
    StudyRecord,
    TrialRecord,
    complete,
    create_or_resume_study,
    leaders,
    name_metrics,
    open_storage,
    read_confirmation,
    slots,
    summarize,
    trial_numbered,
)
from tunesmith.validate import MAX_SEED

Point = tuple[int, int]


class Confirm:
    """The points (number of a trial of the search, seed) of one search, and their study.

    A point's trial gets the overrides of the search's trial, and the seed. The points hang on the
    search's best trials as they were when this was made: when the search is given more trials,
    another one adds what is missing.
    """

    def __init__(self, plan: Plan, search: optuna.Study) -> None:
        self._plan = plan
        self._search = search
        self.study = create_or_resume_study(
            search.study_name + SUFFIX,
            storage=open_storage(plan.settings.storage, opening_retry_s=opening_retry_s()),
            directions=plan.settings.directions,
            sampler=SlotSampler(RandomSampler, 0),
        )

    def queue(self) -> None:
        """Queue the points that were not yet."""
        baseline = self._baseline
        name_metrics(self.study, self._plan.settings.metrics)
        StudyRecord.write(
            self.study,
            candidates=[trial.number for trial in self._candidates],
            baseline_trial=None if baseline is None else baseline.number,
            metric=self._plan.settings.metrics[0],
        )
        for number, seed in self._missing():
            # With the parameters: an objective that draws them itself draws these again.
            drawn = trial_numbered(self._search, number).params
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
        return len(self._missing()) + sum(not t.state.is_finished() for t in trials)

    def seconds(self) -> float:
        """Estimate the time of the fits still to be done from that of the search's trials."""
        took = [TrialRecord.of(trial).seconds or 0.0 for trial in self._candidates]
        return float(self.n_open * max(took) / self._plan.settings.n_jobs)

    def overrides_of(self, trial: Trial) -> list[str]:
        """Return what the search's trial was computed with, and the seed; its model is kept."""
        number = trial.suggest_int(TRIAL, 0, MAX_SEED)
        seed = trial.suggest_int(SEED, 0, MAX_SEED)
        paths = self._plan.paths
        folder = paths.subfolder(paths.confirmation(trial.number))
        return [
            *self._plan.overrides_of(trial_numbered(self._search, number)),
            write_override(self._seed_key, seed),
            *self._plan.settings.confirm.overrides,
            write_override("hydra.sweep.subdir", folder),
        ]

    def test(self, loader: ConfigLoader) -> Confirmation | None:
        """Evaluate the winner and the baseline on the test rows, each fit once.

        Only an objective that can restore its fits is tested. A fit of another machine is tested
        there: its model lies in that machine's folder.

        Args:
            loader: What composes configs, for fits that left none.

        """
        found = read_confirmation(self._search, self.study)
        if found is None or self._plan.settings.restore is None:
            return found
        numbers = {c.trial for c in found.candidates if c.label in (found.winner, found.baseline)}
        known = StudyRecord.of(self.study)
        for trial in complete(self.study):
            if trial.params[TRIAL] in numbers and known.test_of(trial.number) is None:
                self._test_fit(trial, loader)
        return read_confirmation(self._search, self.study)

    def _test_fit(self, trial: FrozenTrial, loader: ConfigLoader) -> None:
        folder, overrides = TrialRecord.of(trial).folder, self._plan.overrides_of(trial)
        if folder is not None and folder.is_dir():
            compose = partial(compose_job, self._plan.config, overrides, loader=loader)
            fitted = restored(self._plan, self._plan.paths.run(folder), compose=compose)
            if fitted is not None:
                StudyRecord.write_test(self.study, trial.number, fitted.test())

    def _missing(self) -> list[Point]:
        code = user_code()
        queued = {
            _point(trial)
            for trial in self.study.get_trials(deepcopy=False)
            # What other code made of a point says nothing of it now.
            if not TrialRecord.of(trial).is_of_other_code(code)
        }
        wanted = ((t.number, seed) for seed in self._seeds() for t in self._candidates)
        return [point for point in wanted if point not in queued]

    @cached_property
    def _candidates(self) -> list[FrozenTrial]:
        """The best trials, each point of the space once, and the baseline; the best come first."""
        best: dict[str, FrozenTrial] = {}
        for trial in leaders(self._search):
            best.setdefault(str(sorted(trial.params.items())), trial)
        chosen = {t.number: t for t in islice(best.values(), self._plan.settings.confirm.n_best)}
        baseline = self._baseline
        # One that never began has no overrides.
        if baseline is not None and TrialRecord.of(baseline).overrides is not None:
            chosen.setdefault(baseline.number, baseline)
        return list(chosen.values())

    @cached_property
    def _baseline(self) -> FrozenTrial | None:
        return summarize(self._search).baseline

    @property
    def _seed_key(self) -> str:
        key = self._plan.settings.seed_key
        assert key is not None  # Checked with the settings.
        return key

    def _seeds(self) -> list[int]:
        """Return the first seeds that the search did not use itself."""
        seed, repeat = (
            OmegaConf.select(self._plan.base, self._seed_key),
            self._plan.settings.repeat,
        )
        first = seed or 0
        used = set() if seed is None and repeat == 1 else set(range(first, first + repeat))
        free = (seed for seed in range(1, MAX_SEED) if seed not in used)
        return list(islice(free, self._plan.settings.confirm.n_seeds))


def _point(trial: FrozenTrial) -> Point:
    params = TrialRecord.of(trial).params
    return params[TRIAL], params[SEED]
