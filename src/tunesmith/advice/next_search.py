"""Write the advised search space as a config that runs: `next.yaml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import optuna
from omegaconf import DictConfig, OmegaConf

from tunesmith.advice.advice import Advice
from tunesmith.advice.sample import steady_space
from tunesmith.overrides import write_sweep
from tunesmith.paths import write_atomically
from tunesmith.study import finished, is_multi_objective, leaders, shown


def next_params(study: optuna.Study, advice: Sequence[Advice]) -> dict[str, str]:
    """Return the searched space with the advised changes, in Hydra's sweep grammar.

    Conditional parameters are left to the search that suggests them.

    Args:
        study: The search.
        advice: What `advise` said of it.

    >>> next_params(study, advise(study))
    {'optimizer.lr': 'tag(log,interval(0.001,0.1))'}

    """
    dists = steady_space(finished(study) or [t for t in shown(study) if t.distributions])
    changes = {name: value for piece in advice for name, value in piece.changes.items()}
    return {name: changes.get(name, write_sweep(dist)) for name, dist in dists.items()}


def write_next(
    path: Path,
    *,
    study: optuna.Study,
    advice: Sequence[Advice],
    search: str,
    fixed: Mapping[str, str],
) -> Path:
    """Write a primary config that searches the new space as `hparams_search=search` does.

    It is run by `tunesmith.commands.next_search`.

    Args:
        path: The file to write.
        study: The search.
        advice: What `advise` said of it.
        search: The name of its file in `hparams_search/`.
        fixed: The overrides that the search was started with, by key.

    Returns:
        `path`.

    >>> write_next(
    ...     Path("next.yaml"), study=study, advice=advise(study), search="quadratic", fixed={}
    ... )

    """
    totals = [piece.n_trials for piece in advice if piece.rule == "fewer-trials"]
    params = next_params(study, advice)
    sweeper = {
        # null: a new space is a new study, named anew.
        "study_name": None,
        **({"n_trials": totals[-1]} if totals else {}),
        "params": {**fixed, **params},
    }
    config = {
        "defaults": ["train", {"override hparams_search": search}, "_self_"],
        **start_values(study, params),
        "hydra": {"mode": "MULTIRUN", "sweeper": sweeper},
    }
    write_atomically(path, OmegaConf.to_yaml(OmegaConf.create(config)))
    return path


def start_values(study: optuna.Study, params: Mapping[str, str]) -> dict[str, object]:
    """Return nested defaults at the winner: the next search's baseline trial then repeats it.

    Text of an undotted key is left out, as it may name a config group. Empty for several
    objectives.
    """
    if is_multi_objective(study) or not leaders(study):
        return {}
    best = leaders(study)[0]
    start: DictConfig = OmegaConf.create({})
    for name in params:
        if name in best.params and ("." in name or not isinstance(best.params[name], str)):
            OmegaConf.update(start, name, best.params[name])
    return {str(key): value for key, value in start.items()}
