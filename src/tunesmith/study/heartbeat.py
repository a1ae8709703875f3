"""Do something as often as a running trial tells that it is alive."""

from collections.abc import Callable

import optuna

from tunesmith.study._optuna import database_of


def at_each_heartbeat(study: optuna.Study, do: Callable[[], None]) -> None:
    """Call `do` after each heartbeat of a trial of this process; never for a study in memory.

    Args:
        study: A study in a database; heartbeats come every `heartbeat_interval` of `open_storage`.
        do: Called without arguments in the thread in which Optuna writes heartbeats. It must be
            quick and must not raise: the heartbeats would end, and the trial would count as dead.

    """
    database = database_of(study)
    if database is None:
        return
    beat = database.record_heartbeat

    def record(trial_id: int) -> None:
        beat(trial_id)
        do()

    database.record_heartbeat = record  # type: ignore[method-assign]
