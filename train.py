"""Run one trial, or a search over trials: config in, objective value out.

python train.py                             one trial with the default config
python train.py optimizer=sgd               the same with any value or group overridden
python train.py -m hparams_search=mlp       a search
"""

import sys
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from tunesmith.entry import complete_arguments, one_line_errors, refuse_passwords

if TYPE_CHECKING:
    from tunesmith.objectives.evaluate import Outcome

# What a config may run (`_target_`). To use your own package, add a line: "my_package.*".
TRUSTED = (
    "tunesmith.*",
    "hydra.*",
    "hydra_plugins.hydra_optuna_sweeper.*",
    "lightning.pytorch.*",
    "logging.*",
    "optuna.*",
    "torch.nn.*",
    "torch.optim.*",
)


@hydra.main(config_path="conf", config_name="train", execution_whitelist=TRUSTED)
def main(cfg: DictConfig) -> "Outcome":
    """Compute one trial."""
    from tunesmith.objectives.evaluate import evaluate  # here: --help must not pay for it

    return evaluate(cfg)


if __name__ == "__main__":
    with one_line_errors():
        refuse_passwords(sys.argv[1:])
        sys.argv[1:] = complete_arguments(sys.argv[1:])
        main()
