"""Write the advised search space as a config that runs: `next.yaml`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf

from tunesmith.advice.advice import Advice
from tunesmith.advice.sample import steady_space
from tunesmith.overrides import write_sweep
from tunesmith.paths import write_atomically
from tunesmith.study import finished, is_multi_objective, leaders, shown

_NONE: Mapping[str, str] = MappingProxyType({})


def next_params(
    study: optuna.Study,
    advice: Sequence[Advice],
    *,
    sweeps: Mapping[str, str] = _NONE,
) -> dict[str, str]:
    """Return the searched space with the advised changes, in Hydra's sweep grammar.

    Conditional parameters are left out.

    Args:
        study: The search's study.
        advice: What `advise` returned for it.
        sweeps: The sweeps that the search was started with, by parameter; a parameter that is not
            among them is written from its distribution in the study.

    >>> next_params(study, advise(study))
    {'optimizer.lr': 'tag(log,interval(0.001,0.1))'}

    """
    dists = steady_space(finished(study) or [t for t in shown(study) if t.distributions])
    changes = {name: value for piece in advice for name, value in piece.changes.items()}
    known = {name: sweeps.get(name) or write_sweep(dist) for name, dist in dists.items()}
    return {name: changes.get(name, sweep) for name, sweep in known.items()}


def write_next(
    path: Path,
    *,
    study: optuna.Study,
    advice: Sequence[Advice],
    search: str | None = None,
    fixed: Mapping[str, str],
    sweeps: Mapping[str, str] = _NONE,
    value: Callable[[str, Any], Any] = lambda _, kept: kept,
    n_trials: int | None = None,
    primary: str = "train",
    defaults: Sequence[Any] = (),
    command: str | None = None,
) -> Path:
    """Write a primary config that searches the advised space as the search did: `next.yaml`.

    Its defaults are the best trial, which is trial 0 of the new search.

    Args:
        path: The file to write.
        study: The search's study.
        advice: What `advise` returned for it.
        search: The name of the search's file in `hparams_search/`; None for a search without one.
        fixed: The overrides that the search was started with, value by key.
        sweeps: The sweeps that the search was started with, by parameter.
        value: Returns the config's value for a parameter's value in the study, such as the list for
            the text of a list.
        n_trials: The total of trials if the advice names none; None leaves it to `search`.
        primary: The primary config that the file starts from.
        defaults: The whole defaults list, in place of `primary` and `search`.
        command: The command line that runs the file, written above it as a comment.

    Returns:
        `path`.

    >>> write_next(
    ...     Path("next.yaml"), study=study, advice=advise(study), search="quadratic", fixed={}
    ... )

    """
    fewer = [piece.n_trials for piece in advice if piece.rule == "fewer-trials"]
    total = fewer[-1] if fewer else n_trials
    params = next_params(study, advice, sweeps=sweeps)
    sweeper = {
        # null: a new space is a new study, named anew.
        "study_name": None,
        **({} if total is None else {"n_trials": total}),
        "params": {**fixed, **params},
    }
    config = {
        "defaults": [*(defaults or [primary, {"override hparams_search": search}]), "_self_"],
        **start_values(study, params, value=value),
        "hydra": {"mode": "MULTIRUN", "sweeper": sweeper},
    }
    header = "" if command is None else f"# {command}\n"
    write_atomically(path, header + OmegaConf.to_yaml(OmegaConf.create(config)))
    return path


def start_values(
    study: optuna.Study,
    params: Mapping[str, str],
    *,
    value: Callable[[str, Any], Any] = lambda _, kept: kept,
) -> dict[str, object]:
    """Return nested defaults at the best trial, which the next search's baseline then repeats.

    What a YAML file cannot set alone is left out: a config group, an element of a list, a key that
    is added. Empty for several objectives.
    """
    if is_multi_objective(study) or not leaders(study):
        return {}
    best = leaders(study)[0]
    start: DictConfig = OmegaConf.create({})
    for name in params:
        if name in best.params and _is_key(name, best.params[name]):
            OmegaConf.update(start, name, value(name, best.params[name]))
    return {str(key): value for key, value in start.items()}


def _is_key(name: str, value: object) -> bool:
    # Text of an undotted key may choose an option of a group.
    is_group = "/" in name or "@" in name or ("." not in name and isinstance(value, str))
    return not is_group and all(part.isidentifier() for part in name.split("."))
