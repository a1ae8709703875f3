"""`tunesmith ...`: what `python train.py ...` does, for those who have the package alone."""

from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig

from tunesmith.cli import LIBRARIES, run
from tunesmith.configs import CONFIGS

if TYPE_CHECKING:
    from tunesmith.objectives import Outcome

_SETTINGS: dict[str, Any] = {"execution_whitelist": ("tunesmith.*", *LIBRARIES)}


@hydra.main(config_path=str(CONFIGS), config_name="train", **_SETTINGS)
def _train(cfg: DictConfig) -> "Outcome":
    from tunesmith import run_trial  # here: --help must not pay for it

    return run_trial(cfg)


def main() -> None:
    """Run one trial or a search, as the command line says."""
    run(_train)


if __name__ == "__main__":
    main()
