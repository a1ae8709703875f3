"""Make and fit what has the interface of scikit-learn, with the config's seed, threads and rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import packages_distributions
from inspect import signature
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict
from threadpoolctl import threadpool_limits

from tunesmith.config import resolve_function
from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidConfig
from tunesmith.models import linear_model
from tunesmith.objectives.tabular_fit import arrays, row_weights

OURS = f"tunesmith.models.{linear_model.__name__}"
# What one thing is called here and there: the first name that an estimator knows is set.
SEEDS = ("random_state", "random_seed", "seed")
THREADS = ("n_jobs", "thread_count", "nthread")
ROUNDS = ("n_estimators", "iterations", "num_boost_round", "num_trees", "max_iter")
PATIENCE = ("early_stopping_rounds", "early_stopping_round", "od_wait")
# What a fit prints is said by one of these.
TALK = ("verbose", "silent", "logging_level", "verbosity")


def make_estimator(cfg: DictConfig, data: TabularDataModule) -> Any:
    """Return the estimator that `cfg.model` names, not yet fitted.

    Where they are not given, its seed follows `cfg.seed` and its threads follow `cfg.n_threads`,
    those of the estimators within it too.

    Args:
        cfg: The whole composed config.
        data: The data; what a model may be told of them is their `model_arguments`.

    Raises:
        InvalidConfig: The estimator has no such parameter.

    """
    target = str(cfg.model._target_)
    known = signature(resolve_function(target)).parameters
    given = _given(cfg, target)
    if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in known.values()):
        _check_known(given, list(known), target=target)
    # Rows are weighed when it is fitted.
    told = {
        name: value
        for name, value in data.model_arguments.items()
        if name in known and name != "class_weights"
    }
    model = instantiate(given, _convert_="all", **told)
    for part in _parts(model):
        # As LightGBM and XGBoost have it: the same fit again gives the same model.
        _set_unset(part, SEEDS, 0 if cfg.seed is None else cfg.seed)
        _set_unset(part, THREADS, cfg.n_threads)
        _set_unset(part, ("allow_writing_files",), False)
    return model


def fit_estimator(model: Any, data: TabularDataModule, *, n_threads: int | None = None) -> None:
    """Fit an estimator on the training rows; those to validate with may end it.

    Args:
        model: What `make_estimator` returned.
        data: The data.
        n_threads: The threads of the libraries that it calls; None for their own choice.

    """
    x, y = arrays(data, "train")
    weights = row_weights(data, y)
    arguments = quiet(model) | ({} if weights is None else {"sample_weight": weights})
    if stops_early(model):
        x_end, y_end = arrays(data, "val")
        arguments |= _watched(model, x_end, y_end, weights=row_weights(data, y_end))
    with threadpool_limits(n_threads):
        model.fit(x, y, **arguments)


def quiet(model: Any) -> dict[str, Any]:
    """Return the argument of `fit` by which it prints nothing, unless it is told to print."""
    if any(name in _set_of(model) for name in TALK):
        return {}
    return {"verbose": False} if "verbose" in signature(model.fit).parameters else {}


def stops_early(model: Any) -> bool:
    """Return whether the fit of an estimator is to be ended by rows that it is given for that."""
    takes, given = signature(model.fit).parameters, _set_of(model)
    if "X_val" in takes:
        return given.get("early_stopping") is True
    return "eval_set" in takes and any(name in given for name in PATIENCE)


def fix_rounds(node: DictConfig, model: Any, *, rounds: int) -> None:
    """Have the fit of an estimator take so many rounds, instead of being ended by other rows.

    Args:
        node: The estimator's config, which is changed.
        model: The estimator that was made by it.
        rounds: The number of rounds.

    """
    known = parameters_of(model)
    of_rounds = [name for name in ROUNDS if name in known]
    with open_dict(node):
        for name in PATIENCE:
            if name in node:
                node[name] = None
        if "early_stopping" in node:
            node.early_stopping = False
        node[next((name for name in of_rounds if name in node), of_rounds[0])] = rounds


def _watched(model: Any, x: Any, y: Any, *, weights: Any) -> dict[str, Any]:
    takes = signature(model.fit).parameters
    if "X_val" in takes:
        return {"X_val": x, "y_val": y, "sample_weight_val": weights}
    for name in ("sample_weight_eval_set", "eval_sample_weight"):
        if name in takes:
            return {"eval_set": [(x, y)], name: None if weights is None else [weights]}
    from catboost import Pool  # here: an extra

    return {"eval_set": Pool(x, y, weight=weights)}


def rounds_of(model: Any) -> int | None:
    """Return how many rounds of boosting a fitted estimator predicts by; None for other kinds."""
    kind = type(model).__name__
    if kind.startswith("HistGradientBoosting"):
        return int(model.n_iter_)
    # CatBoost; scikit-learn's gradient boosting and LightGBM.
    for name in ("tree_count_", "n_estimators_"):
        if (count := getattr(model, name, None)) is not None:
            return int(count)
    if not hasattr(model, "get_booster"):
        return None
    if (best := getattr(model, "best_iteration", None)) is not None:
        return int(best) + 1
    return int(model.get_booster().num_boosted_rounds())


def packages_of(model: Any) -> tuple[str, ...]:
    """Return the installed packages that an estimator and those within it come from."""
    modules = {type(part).__module__.partition(".")[0] for part in _parts(model)}
    installed = packages_distributions()
    found = {name for module in modules - {"tunesmith"} for name in installed.get(module, ())}
    return tuple(sorted(found - {"scikit-learn"}))


def parameters_of(model: Any) -> dict[str, Any]:
    """Return all parameters of an estimator by their names; None for what is not set."""
    # CatBoost tells only what is set.
    own: dict[str, Any] = getattr(model, "get_params", dict)()
    return dict.fromkeys(signature(type(model)).parameters) | own


def said(error: Exception) -> str:
    """Return what a library raised in one line, without the places in its own code."""
    text = str(error).partition("Stack trace:")[0]
    return " ".join(re.sub(r"^(\[[\d:]+\] )?\S+\.(cpp|cc|h|cu):\d+: ", "", text.strip()).split())


def _given(cfg: DictConfig, target: str) -> dict[str, Any]:
    """Return the model's node; the linear model's own key is no other estimator's."""
    given: Any = OmegaConf.to_container(cfg.model, resolve=True)
    default = signature(linear_model).parameters["penalty"].default
    if target != OURS and given.get("penalty") == default:
        del given["penalty"]
    return dict(given)


def _check_known(given: Mapping[str, Any], known: Sequence[str], *, target: str) -> None:
    for name in given:
        if name not in known and not name.startswith("_"):
            close = get_close_matches(name, known, n=1)
            meant = f", or write {close[0]}" if close else ""
            raise InvalidConfig(
                f"{target} has no parameter {name}; leave it out with '~model.{name}'{meant}"
            )


def _parts(model: Any) -> Iterator[Any]:
    """Yield an estimator and those within it."""
    yield model
    for value in getattr(model, "get_params", dict)().values():
        if hasattr(value, "get_params") and not isinstance(value, type):
            yield value


def _set_of(model: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters_of(model).items() if value is not None}


def _set_unset(model: Any, names: Sequence[str], value: Any) -> None:
    known = parameters_of(model)
    found = [name for name in names if name in known]
    if value is not None and found and all(known[name] is None for name in found):
        model.set_params(**{found[0]: value})
