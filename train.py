"""Run one trial, or a search over trials: config in, objective value out.

python train.py                             one trial with the default config
python train.py optimizer=sgd               the same with any value or group overridden
python train.py -m hparams_search=mlp       a search
"""

from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from tunesmith.cli import LIBRARIES, run

if TYPE_CHECKING:
    from tunesmith.objectives.trial import Outcome

# What a config may run (`_target_`). To use your own package, add a line: "my_package.*".
TRUSTED = (
    "tunesmith.*",
    *LIBRARIES,
)


@hydra.main(config_path="conf", config_name="train", execution_whitelist=TRUSTED)
def main(cfg: DictConfig) -> "Outcome":
    """Compute one trial."""
    from tunesmith.objectives import run_trial  # here: --help must not pay for it

    return run_trial(cfg)


if __name__ == "__main__":
    run(main)
