"""Record the config that repeats a run."""

from omegaconf import DictConfig, OmegaConf

from tunesmith.paths import RunPaths
from tunesmith.tracking import Run

# As MLflow shows it.
FOLDER = "config"


def record_config(run: Run, cfg: DictConfig, paths: RunPaths) -> None:
    """Record Hydra's own files of a run; where it writes none, the config alone."""
    if paths.hydra is not None and paths.hydra.is_dir():
        run.log_artifact(paths.hydra, folder=FOLDER)
    elif paths.hydra is None:
        run.log_text(OmegaConf.to_yaml(cfg), f"{FOLDER}/config.yaml")
