"""Find the model that a folder delivers, or say in one line why there is none."""

from pathlib import Path

from omegaconf import OmegaConf

from tunesmith.commands import compute_saved
from tunesmith.errors import InvalidConfig, nearest
from tunesmith.paths import RunPaths, SearchPaths


def predictor_file(folder: Path) -> Path:
    """Return the file of the model of a search's winner, or of a single run.

    Raises:
        InvalidConfig: There is no such folder, or no model in it; the message says the way out.

    """
    if folder.is_file():
        raise InvalidConfig(f"{folder} is a file; name the folder that it lies in, {folder.parent}")
    if not folder.is_dir():
        around = folder.parent
        there = [p.name for p in around.iterdir() if p.is_dir()] if around.is_dir() else []
        hint = f"; nearest: {nearest(folder.name, there)}" if there else ""
        raise InvalidConfig(f"no folder {folder}{hint}")
    for run in (RunPaths(folder), SearchPaths(folder).best):
        if run.predictor.is_file():
            return run.predictor
    raise InvalidConfig(f"{folder} has no model to predict with: {_reason(folder)}")


def _reason(folder: Path) -> str:
    paths = SearchPaths(folder)
    if paths.study.is_file() or paths.results.is_file():
        return _reason_of_search(paths)
    if RunPaths(folder).metrics.is_file():
        return (
            "the run was of an earlier release, or its objective restores none; "
            "run it again, or with another objective"
        )
    below = sorted(map(_owner_of, _models_below(folder)))
    if below:
        return f"try {', '.join(map(str, below[-3:]))}"
    return "it is neither that of a search nor that of a single run that ended well"


def _models_below(folder: Path) -> list[Path]:
    name = RunPaths(folder).predictor.name
    return [file for depth in ("*", "*/*", "*/*/*") for file in folder.glob(f"{depth}/{name}")]


def _owner_of(file: Path) -> Path:
    """Return the folder of the search that a model is the winner of, else that of its run."""
    search = SearchPaths(file.parents[1])
    return search.folder if search.best.predictor == file else file.parent


def _reason_of_search(paths: SearchPaths) -> str:
    if paths.pareto_front.is_file() and not paths.best_config.is_file():
        return (
            f"a search for several objectives has no winner; {paths.pareto_front} holds a command "
            "for each trial of the front, which leaves a folder with a model"
        )
    if not paths.results.is_file():
        return "the search has not ended; the same command continues it"
    if not paths.best_config.is_file():
        return "the search has no winner that could be fitted again"
    if "hydra" in OmegaConf.load(paths.best_config):
        page = "docs/how-to/sweeper.md"
        return f"the app that was searched leaves none; see hydra.sweeper.restore in {page}"
    return (
        "its winner was not fitted again (refit=false), or by an earlier release, or its objective "
        f"restores none; type {compute_saved(paths.best_config)} and predict with the folder that "
        "it names"
    )
