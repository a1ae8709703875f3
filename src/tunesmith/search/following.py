"""The commands that follow a search: each repeats all that the user gave but what it changes."""

import re
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote
from omegaconf import OmegaConf
from optuna import Study
from optuna.trial import FrozenTrial

from tunesmith.commands import command, flag, run_again, run_config, typed
from tunesmith.overrides import write_override, write_value
from tunesmith.paths import SearchPaths
from tunesmith.search.plan import Plan
from tunesmith.search.saved_config import beyond_schema, is_of_any_app
from tunesmith.study import is_exhausted, n_finished

TERMINATOR_OFF = "hydra/sweeper/terminator=none"
_TOTAL = "hydra.sweeper.n_trials"
# What the file of the next search holds itself; a new space is a new study, named anew.
_IN_THE_FILE = re.compile(
    r"(hydra\.mode|hparams_search|hydra\.sweeper\.(study_name|n_trials|params\b.*))"
)


def more_trials(study: Study, plan: Plan) -> list[str] | None:
    """Return what to add to the same command so that it goes on; None where every point is tried.

    Nothing has to be added where the total was not reached.
    """
    finished = n_finished(study)
    if is_exhausted(study) or (plan.n_points is not None and finished >= plan.n_points):
        return None
    if finished < plan.n_trials:
        return [] if plan.verdict(study) is None else [TERMINATOR_OFF]
    return [write_override(_TOTAL, 2 * max(finished, plan.n_trials))]


def to_continue(study: Study, plan: Plan) -> str | None:
    """Return the whole command that goes on with a search; None where nothing can go on.

    Nothing of a study in memory is left when its command ends.
    """
    added = more_trials(study, plan)
    if added is None or plan.settings.storage is None:
        return None
    changed = tuple(f"{line.partition('=')[0]}=" for line in added)
    kept = (argument for argument in typed() if not argument.startswith(changed))
    return command(*kept, *added)


def repeat_saved(config: Path, trial: FrozenTrial, plan: Plan) -> str:
    """Return the command that computes the saved config of a trial again."""
    if not is_of_any_app(plan):
        return run_again(config)
    return run_again(config, *_search_path(plan), *beyond_schema(plan.overrides_of(trial), plan))


def next_search(plan: Plan) -> str:
    """Return the command of the search that the advice proposes."""
    kept = [line for line in _overrides(plan) if not _is_in_the_file(line, plan)]
    return run_config(plan.paths.next_config, "-m", *kept, *_search_path(plan))


def _overrides(plan: Plan) -> list[str]:
    # As they were given: an interpolation in one has its value in a job only.
    given: Any = OmegaConf.to_container(plan.config.hydra.overrides, resolve=False)
    return [*given["hydra"], *given["task"]]


def _is_in_the_file(line: str, plan: Plan) -> bool:
    override = OverridesParser.create().parse_override(line)
    key = str(override.get_key_element())
    if key == "hydra.searchpath" and _typed_folder() is not None:
        return True  # `_search_path` has it.
    searched = {name.lstrip("+") for name in plan.space.distributions}
    return _IN_THE_FILE.fullmatch(key) is not None or key.lstrip("+") in searched


def _search_path(plan: Plan) -> list[str]:
    """Return where configs lie, if that was said by the flag that now names the next search."""
    folder = _typed_folder()
    if folder is None:
        return []
    known = [str(path) for path in plan.config.hydra.searchpath or []]
    is_next = plan.config.hydra.job.config_name == SearchPaths(folder).next_config.stem
    added = [] if is_next else [f"file://{folder.absolute()}"]
    paths = write_value([*known, *added], quote=Quote.double)
    return [f"hydra.searchpath={paths}"] if known or added else []


def _typed_folder() -> Path | None:
    folder = flag(typed(), "--config-dir", "-cd")
    return None if folder is None else Path(folder)
