"""Work on a stage as one of the worker processes of another command."""

import os
import signal
import sys
from typing import NoReturn

import optuna

from tunesmith.search.session import Session
from tunesmith.search.stage import Stage, work
from tunesmith.search.stop import SignalGuard
from tunesmith.search.worker_environment import is_orphan, number_of_worker, token_of_launch
from tunesmith.search.workers import SEARCH_FAILED
from tunesmith.study import SearchFailed, StopReason, StudyRecord, at_each_heartbeat


def work_for_parent(stage: Stage, session: Session) -> None:
    """Work until the stage has its trials, or the parent wants no more; exit as it expects.

    Raises:
        SystemExit: Going on does not help (SEARCH_FAILED), or an engine ended this worker.

    """
    told = _Word(stage.study)
    with SignalGuard(notice=told.is_expected) as stop:
        try:
            ended = work(
                stage,
                session,
                stop=stop,
                on_change=lambda _: None,
                should_stop=lambda: stop.requested or is_orphan() or told.is_stop(),
            )
        except SearchFailed as error:
            print(error, flush=True)
            sys.exit(SEARCH_FAILED)
    if ended is StopReason.INTERRUPTED and told.is_expected and not told.is_stop():
        _leave(stage.study, stop)


class _Word:
    """The word of the command that had this worker launched: it is left in the study.

    It interrupts a trial as Ctrl-C would.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._token = token_of_launch()
        self._is_heard = False
        if self.is_expected:
            at_each_heartbeat(study, self._interrupt)

    @property
    def is_expected(self) -> bool:
        """Whether an engine runs this worker."""
        return self._token is not None

    def is_stop(self) -> bool:
        """Return whether the command wants no more."""
        return self.is_expected and StudyRecord.of(self._study).stopped == self._token

    def _interrupt(self) -> None:
        if not self._is_heard and self.is_stop():
            self._is_heard = True
            os.kill(os.getpid(), signal.SIGTERM)


def _leave(study: optuna.Study, stop: SignalGuard) -> NoReturn:
    """End without a result: the engine ended this worker, and not the command that wants it."""
    # An engine that gives notice runs the worker again by itself.
    if stop.last != signal.SIGUSR2:
        StudyRecord.write_left(study, number_of_worker(), token=str(token_of_launch()))
    sys.exit(128 + (stop.last or signal.SIGTERM))
