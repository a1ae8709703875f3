"""What a search found, read from its study whenever it is asked for, also while it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from omegaconf import DictConfig
from optuna.trial import FrozenTrial

from tunesmith.errors import InvalidConfig
from tunesmith.loaded.configs import config_of
from tunesmith.loaded.model import Model, load_model
from tunesmith.loaded.trials import trials_table
from tunesmith.paths import SearchPaths
from tunesmith.study import (
    Confirmation,
    is_multi_objective,
    leaders,
    read_confirmation,
    shown,
    summarize,
    trial_numbered,
)


@dataclass(frozen=True)
class Winner:
    """The trial that a search recommends.

    Attributes:
        number: The trial's number.
        params: Its parameters.
        mean: The mean of the objective over the new seeds; without confirmation its value in the
            search.
        deviation: The sample standard deviation over these seeds; None without confirmation.
        test_mean: The mean of the metric on the test rows over these seeds; None if not computed.
        test_deviation: The sample standard deviation on the test rows; None if not computed.
        n_seeds: The number of new seeds; 0 without confirmation.

    """

    number: int
    params: dict[str, Any]
    mean: float
    deviation: float | None = None
    test_mean: float | None = None
    test_deviation: float | None = None
    n_seeds: int = 0

    @property
    def is_confirmed(self) -> bool:
        """Whether it was trained again on new seeds."""
        return self.n_seeds > 0


class LoadedSearch:
    """What a search found, as `tunesmith.load` returns it.

    Each property reads the study anew, so it follows a running search.

    Args:
        study: The study.
        confirming: Returns the confirming study, which trains the best trials again on new seeds;
            None while there is none.
        folder: The search's folder; None if it is not on this machine.

    Attributes:
        study: The Optuna study.
        folder: The search's folder, or None.

    """

    def __init__(
        self,
        study: optuna.Study,
        *,
        confirming: Callable[[], optuna.Study | None],
        folder: Path | None,
    ) -> None:
        self.study = study
        self.folder = folder
        self._confirming = confirming

    def __repr__(self) -> str:
        where = "" if self.folder is None else f" in {self.folder}"
        return f"<search {self.name!r}{where}: {len(shown(self.study))} trials>"

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.study_name

    @property
    def trials(self) -> Any:
        """A DataFrame with one row for each trial, without attempts that were made again.

        Its columns are `number`, `state`, one for each metric, one for each parameter, `seconds`,
        `epochs`, `folder` and `run_id`, the id of the run in MLflow. A parameter with the name of
        another column has the prefix `params_`.

        Raises:
            InvalidConfig: pandas is not installed.

        """
        return trials_table(self.study)

    @property
    def best(self) -> FrozenTrial | None:
        """The trial with the best value in the search; None while none can be ranked.

        Raises:
            InvalidConfig: The search has several objectives; see `front`.

        """
        self._require_one_objective("best trial")
        return summarize(self.study).best

    @property
    def front(self) -> list[FrozenTrial]:
        """The trials of the Pareto front; the best one alone if there is one objective."""
        found = leaders(self.study)
        return found if is_multi_objective(self.study) else found[:1]

    @property
    def confirmation(self) -> Confirmation | None:
        """The best trials, trained again on new seeds; None if they were not."""
        confirming = None if is_multi_objective(self.study) else self._confirming()
        return None if confirming is None else read_confirmation(self.study, confirming)

    @property
    def winner(self) -> Winner | None:
        """The trial with the best mean on new seeds; without confirmation the best trial.

        None while no trial can be ranked.

        Raises:
            InvalidConfig: The search has several objectives; see `front`.

        """
        best, confirmation = self.best, self.confirmation
        if confirmation is None:
            if best is None:
                return None
            assert best.value is not None
            return Winner(best.number, best.params, best.value)
        found = confirmation[confirmation.winner]
        assert found.trial is not None
        is_tested = found.test_mean is not None
        return Winner(
            found.trial,
            trial_numbered(self.study, found.trial).params,
            found.mean,
            found.deviation,
            found.test_mean,
            found.test_deviation if is_tested else None,
            n_seeds=len(found.values),
        )

    def config(self, trial: int | FrozenTrial | Winner | None = None) -> DictConfig:
        """Return the whole config that a trial was composed with.

        Args:
            trial: The trial or its number; None for the winner.

        Raises:
            InvalidConfig: There is no such trial, or its config is neither in its folder nor can
                be composed here.

        """
        number = self._number(trial)
        paths = None if self.folder is None else SearchPaths(self.folder)
        is_winner = not is_multi_objective(self.study) and number == self._winning
        return config_of(trial_numbered(self.study, number), self.study, paths, is_winner=is_winner)

    def model(self) -> Model:
        """Return the winner's model, which was fitted again at the end of the search.

        It is a pickle, which runs code while it is read: load only what you trust.

        Raises:
            InvalidConfig: There is none; the message says how to make one.

        """
        if self.folder is None:
            raise InvalidConfig(
                f"study {self.name!r} names no folder on this machine, where its model would lie; "
                "load the search by its folder"
            )
        return load_model(self.folder)

    @property
    def _winning(self) -> int | None:
        winner = self.winner
        return None if winner is None else winner.number

    def _number(self, trial: int | FrozenTrial | Winner | None) -> int:
        number = self._winning if trial is None else trial
        if number is None:
            raise InvalidConfig(f"study {self.name!r} has no complete trial yet; name a trial")
        number = number if isinstance(number, int) else number.number
        there = len(self.study.get_trials(deepcopy=False))
        if not 0 <= number < there:
            raise InvalidConfig(
                f"trial must be a number below {there}, the trials of study {self.name!r}, got "
                f"{number}"
            )
        return number

    def _require_one_objective(self, what: str) -> None:
        if is_multi_objective(self.study):
            raise InvalidConfig(
                f"study {self.name!r} has several objectives, so no {what}; take .front"
            )
