"""Show a running search as one live line on a terminal, and as a few plain lines elsewhere."""

import time
from types import TracebackType

import optuna
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tunesmith.study import summarize

PLAIN_LINES = 5


class LiveLine:
    """Done/total, the best value and its parameters, pruned, failed, workers and the time left.

    On a terminal the line is rewritten in place, else a few lines are printed over a search.
    """

    def __init__(
        self, study: optuna.Study, *, n_trials: int, n_jobs: int, console: Console
    ) -> None:
        self._study = study
        self._n_trials = n_trials
        self._n_jobs = n_jobs
        self._console = console
        self._now = summarize(study)
        self._begun_with = self._printed = self._now.n_finished
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
        elif self._now.n_finished > self._printed:
            self._print()

    def update(self, study: optuna.Study) -> None:
        """Show the study as it is now."""
        self._now = summarize(study)
        due = self._now.n_finished - self._printed >= max(1, self._n_trials // PLAIN_LINES)
        if due and not self._console.is_terminal:
            self._print()

    def _print(self) -> None:
        self._printed = self._now.n_finished
        self._console.print(self._text(), soft_wrap=True)

    def _text(self) -> Text:
        now = self._now
        parts = [f"{now.n_finished}/{self._n_trials} trials"]
        if now.best is not None:
            params = " ".join(f"{name}={_short(v)}" for name, v in now.best.params.items())
            parts.append(f"best {now.best.value:.5g} (trial {now.best.number}: {params})")
        if len(now.directions) > 1:
            parts.append(f"{len(now.front)} on the Pareto front")
        parts += [f"{now.n_pruned} pruned", f"{now.n_failed} failed"]
        if now.n_finished < self._n_trials:
            if self._n_jobs > 1:
                # Each of them is at one trial.
                parts.append(f"{now.states.get('running', 0)} of {self._n_jobs} workers at work")
            parts.append(self._time_left(now.n_finished))
        return Text(" · ".join(parts), overflow="ellipsis", no_wrap=self._console.is_terminal)

    def _time_left(self, finished: int) -> str:
        done = finished - self._begun_with
        if done == 0:
            return "time left unknown"
        seconds = (time.monotonic() - self._started) / done * (self._n_trials - finished)
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
