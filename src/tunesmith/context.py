"""Where the code runs: a single run, a trial of a search, or the refit of a search's winner."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import optuna
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, read_write

from tunesmith.paths import RunPaths
from tunesmith.study import current_trial
from tunesmith.tracking import Run


class Role(StrEnum):
    """What is being run.

    A job of Hydra's own multirun, `-m seed=1,2,3` without a search, is a single run. A confirming
    fit is a trial, of the study that confirms. A part is one of several fits of the same run, of
    which another one has its folder.
    """

    SINGLE = "single run"
    TRIAL = "trial"
    REFIT = "refit"
    PART = "part"


@dataclass(frozen=True)
class Context:
    """Where the code runs; made once for each run, and read wherever that matters.

    Attributes:
        role: What is being run.
        paths: The files of this run, or of this repetition of it.
        run: What records it; a run that keeps nothing where tracking is off.
        trial: The live trial of a search, else None.
        repetition: Which of the run's repetitions this is, from 1.
        is_alone: The command does nothing but this single run: it may end the process.

    """

    role: Role
    paths: RunPaths
    run: Run
    trial: optuna.Trial | None = None
    repetition: int = 1
    is_alone: bool = False

    @property
    def is_first(self) -> bool:
        """Whether this is the first of the processes that compute the run: it alone leaves files.

        Lightning starts the others by the same command; these variables are PyTorch's own.
        """
        return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", 0))) == 0

    @property
    def is_trial(self) -> bool:
        """Whether the run only judges a config: it then sees no test rows and leaves no plots."""
        return self.role in (Role.TRIAL, Role.PART)

    def keeps_model(self, cfg: DictConfig) -> bool:
        """Tell whether the fitted model stays: a trial leaves one only if it is told to."""
        return not self.is_trial or bool(cfg.keep_model)


_current: ContextVar[Context] = ContextVar("current_context")
_refit_of: ContextVar[Run | None] = ContextVar("refit_of", default=None)


def current_context() -> Context:
    """Return the context of the run that the code belongs to.

    Raises:
        LookupError: Nothing is being run.

    """
    context = _current.get(None)
    if context is None:
        raise LookupError("nothing is being run; call tunesmith.objectives.run_trial")
    return context


@contextmanager
def entered(context: Context) -> Iterator[Context]:
    """Make `context` the current one inside the block, for `${hydra:runtime.output_dir}` too."""
    token = _current.set(context)
    try:
        with _writing_into(context.paths.folder):
            yield context
    finally:
        _current.reset(token)


@contextmanager
def _writing_into(folder: Path) -> Iterator[None]:
    """Have Hydra name this folder as the job's: configs interpolate it."""
    hydra = HydraConfig.get()
    before = hydra.runtime.output_dir
    try:
        with read_write(hydra):  # type: ignore[arg-type]
            hydra.runtime.output_dir = str(folder)
        yield
    finally:
        with read_write(hydra):  # type: ignore[arg-type]
            hydra.runtime.output_dir = before


@contextmanager
def refitting(search: Run) -> Iterator[None]:
    """Say that what runs inside the block is the refit of the winner of this search."""
    token = _refit_of.set(search)
    try:
        yield
    finally:
        _refit_of.reset(token)


def refitted_search() -> Run | None:
    """Return the run of the search whose winner is fitted again, None for any other job."""
    return _refit_of.get()


class Offer:
    """The run of a trial's job, which the job's main may take over to record more."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.is_taken = False

    def take(self) -> Run:
        """Return the run; whoever takes it closes it."""
        self.is_taken = True
        return self._run


_offer: ContextVar[Offer | None] = ContextVar("run_of_job", default=None)


@contextmanager
def offered(run: Run) -> Iterator[Offer]:
    """Offer a run to the main of the job that runs inside the block."""
    offer = Offer(run)
    token = _offer.set(offer)
    try:
        yield offer
    finally:
        _offer.reset(token)


def offered_run() -> Run | None:
    """Take over the run of the job that is running; None if the job has none."""
    offer = _offer.get()
    return None if offer is None or offer.is_taken else offer.take()


def trial_name(trial: optuna.Trial) -> str:
    """Return what a trial's run is called: in the order of their numbers."""
    return f"trial-{trial.number:04d}"


def run_tags(paths: RunPaths, *, repeat: str | None) -> dict[str, str]:
    """Return the tags of any run: its folder, and the command that repeats it, if one does."""
    tags = {"hydra.dir": str(paths.folder)}
    if repeat is not None:
        tags["repeat"] = repeat
    return tags


def trial_tags(trial: optuna.Trial, paths: RunPaths, *, repeat: str | None) -> dict[str, str]:
    """Return the tags of a trial's run."""
    return run_tags(paths, repeat=repeat) | {
        "optuna.study": trial.study.study_name,
        "optuna.trial_number": str(trial.number),
        "optuna.trial_state": "RUNNING",
    }


def job_context() -> Context:
    """Return the context of the Hydra job that is running, not yet recorded."""
    hydra, trial = HydraConfig.get(), current_trial()
    if trial is not None:
        role = Role.TRIAL
    else:
        role = Role.SINGLE if refitted_search() is None else Role.REFIT
    return Context(
        role=role,
        paths=RunPaths(Path(hydra.runtime.output_dir), hydra.output_subdir),
        run=Run(),
        trial=trial,
        is_alone=role is Role.SINGLE and hydra.mode is RunMode.RUN,
    )
