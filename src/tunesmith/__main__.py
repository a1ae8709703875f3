"""`tunesmith ...`: what `python train.py ...` does, for those who have the package alone.

`tunesmith predict ...`, and so on, is what `python -m tunesmith.predict ...` is.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig

from tunesmith.cli import LIBRARIES, run
from tunesmith.configs import CONFIGS

if TYPE_CHECKING:
    from tunesmith.objectives import Outcome

# What is no override of Hydra is one of these.
_PROGRAMS = {
    "predict": "tunesmith.predict",
    "report": "tunesmith.report.__main__",
    "storage": "tunesmith.storage",
}
_SETTINGS: dict[str, Any] = {"execution_whitelist": ("tunesmith.*", *LIBRARIES)}


@hydra.main(config_path=str(CONFIGS), config_name="train", **_SETTINGS)
def _train(cfg: DictConfig) -> "Outcome":
    from tunesmith import run_trial  # here: --help must not pay for it

    return run_trial(cfg)


def main() -> None:
    """Run one trial, a search, or one of the other programs, as the command line says."""
    if (program := sys.argv[1:2]) and program[0] in _PROGRAMS:
        sys.path.append(str(Path.cwd()))  # as `python -m` does: a model may be the user's own
        sys.exit(import_module(_PROGRAMS[program[0]]).main(sys.argv[2:]))
    run(_train)


if __name__ == "__main__":
    main()
