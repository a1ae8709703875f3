import logging
from pathlib import Path

import hydra
from fit import fit
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

log = logging.getLogger("their.app")


class Counting(Callback):
    """Writes what Hydra tells it into a file of theirs."""

    def __init__(self, file: str) -> None:
        self.file = file

    def _note(self, what: str) -> None:
        with Path(self.file).open("a") as file:
            file.write(f"{what}\n")

    def on_multirun_start(self, config: DictConfig, **kwargs: object) -> None:
        self._note("multirun start")

    def on_multirun_end(self, config: DictConfig, **kwargs: object) -> None:
        self._note("multirun end")

    def on_job_start(self, config: DictConfig, **kwargs: object) -> None:
        self._note("job start")

    def on_job_end(self, config: DictConfig, job_return: object, **kwargs: object) -> None:
        self._note("job end")


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    log.info("fitting x=%s", cfg.x)
    return fit(cfg.x)


if __name__ == "__main__":
    main()
