"""Every command that is printed: built here, and pasted into a shell by a test."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tunesmith.overrides import write_for_shell
from tunesmith.paths import RunPaths, shown

_DEFAULT = ("python", "train.py")
_CONFIG_FLAGS = (("--config-path", "-cp"), ("--config-dir", "-cd"), ("--config-name", "-cn"))
_SEARCHING = {"-m", "--multirun"}
# Stores that have no server of their own.
_DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
# What Hydra is told about a single job; what it is told of a search has no say there.
_OF_A_JOB = re.compile(r"[~+]*hydra[./](?!sweeper\b|sweep\b|mode\b|launcher\b)")


def program() -> list[str]:
    """Return how this program was started, without its arguments: `python /elsewhere/train.py`."""
    started = sys.orig_argv[: _first_argument()]
    if Path(started[-1]).parent == Path(sys.executable).parent and len(started) > 1:
        return [_installed(started[-1])]
    is_file = len(started) > 1 and "-c" not in started[-2:] and started[-1] != "-"
    return started if is_file else list(_DEFAULT)


def _installed(script: str) -> str:
    """Return the command that an environment installs, by its name where the shell finds it."""
    name = Path(script).name
    return name if shutil.which(name) == script else script


def typed() -> list[str]:
    """Return the arguments as they were typed."""
    return sys.orig_argv[_first_argument() :]


def _first_argument() -> int:
    # The command line may have been completed since, at its end.
    known, started = sys.argv[1:], sys.orig_argv
    counts = range(min(len(known), len(started) - 1), 0, -1)
    fitting = (count for count in counts if started[-count:] == known[:count])
    return len(started) - next(fitting, 0)


def flag(arguments: Sequence[str], *names: str) -> str | None:
    """Return the value of a flag, as `--flag value` or `--flag=value`; None if it is not there."""
    for position, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name in names:
            return value or "".join(arguments[position + 1 : position + 2])
    return None


def command(*arguments: str) -> str:
    """Return this program with arguments, as it is typed into a shell."""
    return shlex.join([*program(), *arguments])


def run_config(config: Path, *arguments: str) -> str:
    """Return the command that runs a saved config file, with the script's own folder of configs."""
    path = flag(typed(), "--config-path", "-cp")
    kept = () if path is None else ("--config-path", path)
    name = ("--config-dir", shown(config.parent), "--config-name", config.stem)
    return command(*kept, *name, *arguments)


def run_again(config: Path, *further: str) -> str:
    """Return the command that computes a saved config, with what was typed for Hydra itself."""
    return run_config(config, *(line for line in typed() if _OF_A_JOB.match(line)), *further)


def run_job(overrides: Sequence[str]) -> str:
    """Return the command that computes a job of a search again, by its overrides alone."""
    chosen = [
        part
        for names in _CONFIG_FLAGS
        if (value := flag(typed(), *names)) is not None
        for part in (names[0], value)
    ]
    mode = () if _SEARCHING.intersection(typed()) else ("hydra.mode=RUN",)
    return command(*chosen, *(line for line in typed() if _OF_A_JOB.match(line)), *overrides, *mode)


def repeat_run(run: RunPaths) -> str | None:
    """Return the command that repeats a run, from the config in its folder; None without one."""
    return None if run.config is None else run_again(run.config)


def compute_saved(config: Path) -> str:
    """Return the command that computes a config of this package, whichever program says so."""
    started = _DEFAULT if Path(_DEFAULT[-1]).is_file() else ("tunesmith",)
    return shlex.join(
        [*started, "--config-dir", shown(config.parent), "--config-name", config.stem]
    )


def predict_rows(folder: Path) -> str:
    """Return the command that predicts new rows by the model in a folder."""
    program = ("python", "-m", "tunesmith.predict")
    return shlex.join([*program, shown(folder), "new.csv", "--output", "predictions.csv"])


def resume_run(run: RunPaths, checkpoint: Path) -> str | None:
    """Return the command that goes on from a run's checkpoint; None if its config is not kept."""
    repeat = repeat_run(run)
    return repeat and f"{repeat} {write_for_shell('ckpt_path', shown(checkpoint))}"


def open_mlflow(uri: str) -> str | None:
    """Return the command that serves MLflow's pages of a database; None for any other store.

    The URI of a database may hold a password: the variable is named then, not its value.
    """
    if not uri.startswith(_DATABASES):
        return None
    store = shlex.quote(uri) if uri.startswith("sqlite:") else '"$MLFLOW_TRACKING_URI"'
    return f"mlflow ui --backend-store-uri {store}"


def mlflow_page(uri: str, page: str) -> str | None:
    """Return the link to a page of MLflow's UI, of a server or of the one that is started here.

    None for a store that has no such pages, as Databricks.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/{page}"
    return f"http://127.0.0.1:5000/{page}" if uri.startswith(_DATABASES) else None


def load_model(uri: str, *, store: str | None) -> str:
    """Return the Python line that loads a logged model.

    Args:
        uri: The model's.
        store: The tracking store's URI; None if MLflow finds it in the environment.

    """
    named = "" if store is None else f"mlflow.set_tracking_uri({json.dumps(store)}); "
    return f'import mlflow; {named}model = mlflow.pyfunc.load_model("{uri}")'


def open_dashboard(storage: str) -> str:
    """Return the command that opens optuna-dashboard; `storage` must hold no password."""
    # A password that is hidden has come from the environment.
    url = '"$OPTUNA_STORAGE"' if "***" in storage else shlex.quote(storage)
    return f"optuna-dashboard {url}"
