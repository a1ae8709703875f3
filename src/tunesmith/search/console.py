"""One live line about a running search on a terminal; a few plain lines elsewhere."""

import time
from dataclasses import dataclass
from types import TracebackType

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tunesmith.study import failure_of, is_finished

PLAIN_LINES = 5


@dataclass(frozen=True)
class Snapshot:
    """A study in numbers."""

    finished: int
    pruned: int
    failed: int
    best: FrozenTrial | None
    front: int | None

    @classmethod
    def of(cls, study: optuna.Study) -> "Snapshot":
        """Count; the best trial for one objective, the size of the Pareto front for several."""
        trials = study.get_trials(deepcopy=False)
        failures = [failure for trial in trials if (failure := failure_of(trial)) is not None]
        return cls(
            finished=sum(map(is_finished, trials)),
            pruned=sum(trial.state == TrialState.PRUNED for trial in trials),
            failed=sum(failure.counts for failure in failures),
            best=best_trial(study, trials),
            front=len(study.best_trials) if len(study.directions) > 1 else None,
        )


def best_trial(study: optuna.Study, trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The best complete trial, the first of equals; None without one or for several objectives."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(study.directions) > 1 or not complete:
        return None
    sign = -1 if study.direction == StudyDirection.MAXIMIZE else 1
    return min(complete, key=lambda trial: sign * (trial.value or 0.0))


class LiveLine:
    """Shows done/total, the best value and its parameters, pruned, failed and the time left.

    On a terminal the line is rewritten in place, else a few lines are printed over a search.
    """

    def __init__(self, study: optuna.Study, *, n_trials: int, console: Console) -> None:
        self._study = study
        self._n_trials = n_trials
        self._console = console
        self._snapshot = Snapshot.of(study)
        self._begun_with = self._printed = self._snapshot.finished
        self._started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._text, refresh_per_second=2)

    def __enter__(self) -> "LiveLine":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._live.stop()
        elif self._snapshot.finished > self._printed:
            self._print()

    def update(self, study: optuna.Study) -> None:
        """Show the study as it is now."""
        self._snapshot = Snapshot.of(study)
        due = self._snapshot.finished - self._printed >= max(1, self._n_trials // PLAIN_LINES)
        if due and not self._console.is_terminal:
            self._print()

    def _print(self) -> None:
        self._printed = self._snapshot.finished
        self._console.print(self._text(), soft_wrap=True)

    def _text(self) -> Text:
        now = self._snapshot
        parts = [f"{now.finished}/{self._n_trials} trials"]
        if now.best is not None:
            params = " ".join(f"{name}={_short(v)}" for name, v in now.best.params.items())
            parts.append(f"best {now.best.value:.5g} (trial {now.best.number}: {params})")
        if now.front is not None:
            parts.append(f"{now.front} on the Pareto front")
        parts += [f"{now.pruned} pruned", f"{now.failed} failed"]
        if now.finished < self._n_trials:
            parts.append(self._time_left(now.finished))
        return Text(" · ".join(parts), overflow="ellipsis", no_wrap=self._console.is_terminal)

    def _time_left(self, finished: int) -> str:
        done = finished - self._begun_with
        if done == 0:
            return "time left unknown"
        seconds = (time.monotonic() - self._started) / done * (self._n_trials - finished)
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
