"""Do something as often as a running trial tells that it is alive."""

from collections.abc import Callable

import optuna

from tunesmith.study._optuna import database_of


def at_each_heartbeat(study: optuna.Study, do: Callable[[], None]) -> None:
    """Call `do` after each sign of life of a trial of this process, in a thread of Optuna's.

    A study in memory has no heartbeats.
    """
    database = database_of(study)
    if database is None:
        return
    beat = database.record_heartbeat

    def record(trial_id: int) -> None:
        beat(trial_id)
        do()

    database.record_heartbeat = record  # type: ignore[method-assign]
