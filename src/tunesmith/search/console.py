"""Show how a search goes: lines that are rewritten on a terminal, now and then one elsewhere."""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tunesmith.rows import row
from tunesmith.search.pace import Pace, rough
from tunesmith.study import TrialRecord, Watch

# A search of few minutes prints so many lines where it cannot rewrite them.
PLAIN_LINES = 5
# Some services end a job that says nothing for ten minutes.
SILENCE_S = 300.0
_MARGIN = 8
_GAP = "  "


class Progress:
    """How many trials are done, the time left, what failed, and the best one with its parameters.

    On a terminal they are rewritten in place, with a table of the trials under way where several
    workers share the study and it fits. Elsewhere a line is printed at each fifth of the trials,
    and after `silence_s` seconds without one.

    Args:
        study: What is worked on.
        n_trials: How many trials it has in the end.
        n_jobs: How many workers share it.
        console: Where it is shown.
        timeout: Seconds after which no further trial is started; None for no limit.
        unit: What is counted. Only trials compete: other fits have no best one.
        silence_s: How long nothing is said elsewhere than on a terminal.

    """

    def __init__(
        self,
        study: optuna.Study,
        *,
        n_trials: int,
        n_jobs: int,
        console: Console,
        timeout: float | None = None,
        unit: str = "trials",
        silence_s: float = SILENCE_S,
    ) -> None:
        self._n_trials, self._n_jobs = n_trials, n_jobs
        self._unit = unit
        self._console = console
        self._watch = Watch()
        self._now = self._watch.look(study)
        self._running: list[FrozenTrial] = []
        self._printed = self._begun_with = self._now.n_finished
        self._failure = self._failure_printed = ""
        self._best_printed: int | None = None
        self._pace = Pace(n_trials, done=self._printed, timeout=timeout)
        self._started = time.monotonic()
        self._silence_s = silence_s
        self._spoke = threading.Event()
        self._is_over = threading.Event()
        self._printing = threading.Lock()
        self._live = Live(console=console, get_renderable=self._block, refresh_per_second=2)
        self._ticking = threading.Thread(target=self._break_silence, daemon=True)

    def __enter__(self) -> "Progress":
        if self._console.is_interactive:
            self._live.start()
        else:
            self._ticking.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._spoke.set()
        if self._live.is_started:
            self._live.stop()
        elif self._now.n_finished > self._printed:
            self._print()

    def update(self, study: optuna.Study) -> None:
        """Show the study as it is now."""
        before, self._now = self._now, self._watch.look(study)
        if self._now.n_failed > before.n_failed:
            self._failure = _last_failure(study)
        if self._n_jobs > 1:
            states = (TrialState.RUNNING,)
            self._running = study.get_trials(deepcopy=False, states=states)
        self._pace.update(self._now.n_finished, is_begun=self._now.n_running > 0)
        due = self._now.n_finished - self._printed >= max(1, self._n_trials // PLAIN_LINES)
        if due and not self._console.is_interactive:
            self._print()

    def _break_silence(self) -> None:
        while not self._is_over.is_set():
            if self._spoke.wait(self._silence_s):
                self._spoke.clear()
            else:
                self._print()

    def _print(self) -> None:
        with self._printing:
            self._printed = self._now.n_finished
            self._spoke.set()
            parts = [*self._state(), *self._best()]
            if self._failure != self._failure_printed:
                self._failure_printed = self._failure
                parts.append(f"failed: {self._failure}")
            self._console.print(Text(" · ".join(parts)), soft_wrap=True)

    def _state(self) -> Iterator[str]:
        now = self._now
        is_open = now.n_finished < self._n_trials
        yield f"{now.n_finished}/{self._n_trials} {self._unit}"
        if is_open and not self._is_over.is_set():
            yield self._pace.left()
        elif now.n_finished > self._begun_with:
            yield f"in {rough(time.monotonic() - self._started)}"
        if now.n_pruned:
            yield f"{now.n_pruned} pruned"
        if now.n_failed:
            yield f"{now.n_failed} failed"
        if is_open and not self._is_over.is_set():
            yield from self._at_work()

    def _at_work(self) -> Iterator[str]:
        now, silent = self._now, self._pace.silent()
        if self._n_jobs > 1:
            is_begun = now.n_running or now.n_failed or now.n_finished > self._begun_with
            # Each of them is at one trial.
            at_work = f"{now.n_running} of {self._n_jobs} workers at work"
            yield at_work if is_begun else f"{self._n_jobs} workers are starting"
        if self._n_jobs == 1 and self._console.is_interactive:
            yield f"{rough(silent)} into the next one"
        elif silent >= self._silence_s:
            # True of the first trial too, and of a study that goes on.
            yield f"none ended in the last {rough(silent)}"

    def _best(self) -> Iterator[str]:
        """Yield the best trial; its parameters stand once in a log."""
        now, unit = self._now, self._unit
        if now.front is not None:
            yield f"{len(now.front)} on the Pareto front"
        if now.best is None or unit != "trials":
            return
        is_new, self._best_printed = now.best.number != self._best_printed, now.best.number
        params = f": {_params(now.best)}" if is_new and now.best.params else ""
        yield f"best {now.best.value:.5g} (trial {now.best.number}{params})"

    def _block(self) -> Group:
        now, console = self._now, self._console
        several = [] if now.front is None else [f"{len(now.front)} on the Pareto front"]
        lines = [Text(" · ".join([*self._state(), *several]))]
        if now.best is not None and self._unit == "trials":
            text = f"{now.best.value:.5g}, trial {now.best.number}: {_params(now.best)}"
            lines += row("best", text, margin=_MARGIN, console=console)
        if self._failure:
            lines += row("failed", self._failure, margin=_MARGIN, console=console)
        if not self._is_over.is_set():
            lines += _table(self._running, console, room=console.height - len(lines) - 1)
        return Group(*lines)


def _table(running: Sequence[FrozenTrial], console: Console, *, room: int) -> list[Text]:
    """Return a row for each trial under way, without parameters where those do not fit; or none."""
    if len(running) < 2:
        return []
    cells = [("trial", "time", "step", "value"), *map(_cells, running)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    brief = [
        _GAP.join(set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    margin = cell_len(brief[0]) + len(_GAP)
    params = ["parameters", *map(_params, running)]
    full = [
        line
        for label, text in zip(brief, params, strict=True)
        for line in row(label, text or " ", margin=margin, console=console)
    ]
    fitting = (lines for lines in (full, [Text(line) for line in brief]) if len(lines) <= room)
    return next(fitting, [])


def _cells(trial: FrozenTrial) -> tuple[str, ...]:
    begun = trial.datetime_start
    seconds = 0.0 if begun is None else (datetime.now() - begun).total_seconds()
    step = trial.last_step
    value = "" if step is None else f"{trial.intermediate_values[step]:.4g}"
    return (
        str(trial.number),
        rough(math.floor(max(0.0, seconds))),
        "" if step is None else str(step),
        value,
    )


def _last_failure(study: optuna.Study) -> str:
    failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    known = [(t.number, f) for t in failed if (f := TrialRecord.of(t).failure) and f.counts]
    if not known:
        return ""
    number, failure = known[-1]
    return f"{failure.reason}, trial {number}"


def _params(trial: FrozenTrial) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in trial.params.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
