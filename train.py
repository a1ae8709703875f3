"""Run one trial, or a search over trials: config in, objective value out.

python train.py                             one trial with the default config
python train.py optimizer=sgd               the same with any value or group overridden
python train.py -m hparams_search=mlp       a search
"""

import sys
from typing import TYPE_CHECKING

try:
    from tunesmith.interrupts import quit_at_once

    quit_at_once()
    import hydra
    from omegaconf import DictConfig

    from tunesmith import LIBRARIES, run
except KeyboardInterrupt:  # What comes later is told by `run`.
    print("Interrupted before anything was begun.", file=sys.stderr)
    sys.exit(130)

if TYPE_CHECKING:
    from tunesmith.objectives import Outcome

# What a config may run (`_target_`). To use your own package, add a line: "my_package.*".
TRUSTED = (
    "tunesmith.*",
    *LIBRARIES,
)


@hydra.main(config_path="conf", config_name="train", execution_whitelist=TRUSTED)
def main(cfg: DictConfig) -> "Outcome":
    """Compute one trial."""
    from tunesmith import run_trial  # here: --help must not pay for it

    return run_trial(cfg)


if __name__ == "__main__":
    run(main)
