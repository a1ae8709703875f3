"""The command line: what train.py does around Hydra's own main."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import hydra.errors
from hydra.core.plugins import Plugins
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

import tunesmith.config  # noqa: F401 - registers the resolvers of our configs
from tunesmith.commands import flag
from tunesmith.configs import ShippedConfigs
from tunesmith.errors import InvalidConfig, import_failure
from tunesmith.flags import check_flags
from tunesmith.freed_memory import collect_as_usual, collect_seldom
from tunesmith.full_disk import full_disk, logs_without_space
from tunesmith.given import check_typed
from tunesmith.interrupts import (
    begun,
    end_interrupted,
    press_again,
    quitting_at_once,
    swallowed_interrupts,
)
from tunesmith.passwords import refuse_passwords
from tunesmith.versions import require_whitelists

# At the import: Hydra 1.3 does not know what a train.py tells its main.
require_whitelists()

# Patterns of the modules that the configs of this package name as `_target_`, besides the package
# itself: what `execution_whitelist` of `hydra.main` has to hold, as in `(*LIBRARIES, "tunesmith.*",
# "my_package.*")`.
LIBRARIES = (
    "catboost.*",
    "hydra.*",
    "hydra_plugins.hydra_optuna_sweeper.*",
    "lightning.pytorch.*",
    "logging.*",
    "optuna.*",
    "sklearn.*",
    "torch.nn.*",
    "torch.optim.*",
    "xgboost.*",
)
MULTIRUN_FLAGS = {"-m", "--multirun"}
# What train.yaml chooses for Hydra.
RUN_SETTINGS = (
    ("hydra/output", "runs"),
    ("hydra/callbacks", "check"),
    ("hydra/job_logging", "run"),
)
_MISTAKES = (
    hydra.errors.HydraException,
    OmegaConfBaseException,
    InvalidConfig,
    ImportError,
    YAMLError,
    UnicodeDecodeError,
)
# With one of these nothing is run.
SHOWING_FLAGS = {
    "--cfg",
    "-c",
    "--help",
    "-h",
    "--info",
    "-i",
    "--hydra-help",
    "--shell-completion",
}


def run(main: Callable[[], None]) -> None:
    """Run the Hydra main of a train.py: complete its command line, and print mistakes in one line.

    A search starts without `-m` too, and a config of an earlier run (`--config-name`) writes where
    other runs do. HYDRA_FULL_ERROR=1 shows tracebacks.

    Args:
        main: The function that `@hydra.main` decorates.

    Raises:
        SystemExit: The user made a mistake: one line on stderr, exit code 1.

    Example:
        if __name__ == "__main__":
            run(main)

    """
    collect_seldom()  # Most of the time until the first trial is imports.
    try:
        with one_line_errors(), quitting_at_once():
            refuse_passwords(sys.argv[1:])
            check_flags(sys.argv[1:])
            check_typed(sys.argv[1:])
            if any("[" in argument for argument in sys.argv[1:]):
                from tunesmith.explain import check_single_options  # here: few commands need it

                check_single_options(sys.argv[1:])
            sys.argv[1:] = complete_arguments(sys.argv[1:])
            if SHOWING_FLAGS.intersection(sys.argv[1:]):
                _end_with_the_reader()
            Plugins.instance().register(ShippedConfigs)
            main()
    finally:
        collect_as_usual()
        begun()  # Ctrl-C is Python's own again.


def _end_with_the_reader() -> None:
    """Let `--help | head` end as other programs do: without a word, once nobody reads on."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def complete_arguments(arguments: Sequence[str]) -> list[str]:
    """Add what a user may leave out.

    A search without `-m` still searches: Hydra takes its mode from the primary config or the
    command line only. A config of an earlier run (`--config-name`) knows nothing of train.yaml's
    Hydra settings: its output goes to the same folders as any other run's.
    """
    completed = list(arguments)
    if SHOWING_FLAGS.intersection(arguments):
        return completed
    searches = any(
        argument.startswith("hparams_search=") and argument != "hparams_search=null"
        for argument in arguments
    )
    if searches and not MULTIRUN_FLAGS.intersection(arguments):
        completed.append("--multirun")
    if flag(arguments, "--config-name", "-cn") not in (None, "train", "next"):
        completed += [
            f"{group}={option}"
            for group, option in RUN_SETTINGS
            if not any(argument.startswith(f"{group}=") for argument in arguments)
        ]
    return completed


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the user's mistakes into one line and exit code 1; other errors keep their traceback.

    `HYDRA_FULL_ERROR=1` shows the traceback of every error.
    """
    logging.captureWarnings(True)  # Python's warnings go to the run's log file.
    full = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing and exiting itself.
    try:
        with swallowed_interrupts(press_again), logs_without_space():
            yield
    except KeyboardInterrupt:
        if full:
            raise
        raise end_interrupted("Interrupted.") from None
    except SystemExit as ended:
        if full and ended.__cause__ is not None:
            raise ended.__cause__ from None
        raise
    except _MISTAKES as error:
        # A package that the code imports by itself is missing: its traceback says where.
        if full or (isinstance(error, ImportError) and import_failure(error) is None):
            raise
        # here: only a mistake pays for looking up the nearest names
        from tunesmith.explain import one_line

        sys.exit(one_line(error))
    except OSError as error:
        full_one = full_disk(error)
        if full or full_one is None:
            raise
        sys.exit(
            f"{full_one}; free some, or type paths.output_root=FOLDER with a folder on another disk"
        )
    except (ValueError, RecursionError) as error:
        from tunesmith.explain import endless_defaults, misused_choice  # here: as above

        say = endless_defaults if isinstance(error, RecursionError) else misused_choice
        line = None if full else say(error)
        if line is None:
            raise
        sys.exit(line)
