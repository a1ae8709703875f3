"""Create the study of a search, or continue it."""

from collections.abc import Sequence
from typing import Literal

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage

from tunesmith.study._optuna import cached
from tunesmith.study.class_warnings import suppress_class_warnings
from tunesmith.study.pruner import blind_to_failed

# Which values are better: "minimize" or "maximize".
Direction = Literal["minimize", "maximize"]


def create_or_resume_study(
    name: str,
    *,
    storage: BaseStorage,
    directions: Sequence[Direction],
    sampler: BaseSampler,
    pruner: BasePruner | None = None,
) -> optuna.Study:
    """Create the study, or load it to continue it; any number of processes may do so at once.

    Args:
        name: The study's name in its storage.
        storage: What `open_storage` returned.
        directions: `minimize` or `maximize`, one for each value of the objective.
        sampler: Usually a `SlotSampler`. The storage keeps neither sampler nor pruner: each process
            gives its own.
        pruner: None prunes nothing; `optuna.create_study` would take the median pruner.

    Raises:
        ValueError: The study exists with other directions.

    >>> from tunesmith.study import SlotSampler, open_storage
    >>> study = create_or_resume_study(
    ...     "bowl",
    ...     storage=open_storage(None),
    ...     directions=["minimize"],
    ...     sampler=SlotSampler(lambda seed: optuna.samplers.TPESampler(seed=seed), seed=42),
    ... )
    >>> study.study_name
    'bowl'

    """
    study = optuna.create_study(
        storage=cached(storage),
        study_name=name,
        directions=list(directions),
        sampler=sampler,
        pruner=blind_to_failed(pruner or NopPruner()),
        load_if_exists=True,
    )
    present = [direction.name.lower() for direction in study.directions]
    if present != list(directions):
        raise ValueError(
            f"study {name!r} has the directions {present}, got {list(directions)}; "
            "try another study_name"
        )
    return study


def name_metrics(study: optuna.Study, names: Sequence[str]) -> None:
    """Name the objectives for Optuna's own plots and tables.

    Nothing happens if the study has names already, or another number of directions than `names`.
    """
    if study.metric_names is None and len(names) == len(study.directions):
        # Names are experimental to Optuna.
        with suppress_class_warnings():
            study.set_metric_names(list(names))
