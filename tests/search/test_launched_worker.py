"""A worker where an engine runs it."""

from pathlib import Path

import pytest
from hydra import compose, initialize
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from tunesmith import InvalidConfig
from tunesmith.paths import SearchPaths
from tunesmith.search.launched_worker import LaunchedWorker


@pytest.mark.parametrize("missing", ["typed", "searches"])
def test_a_machine_that_does_not_see_a_folder_says_which(tmp_path: Path, missing: str) -> None:
    for name in ("typed", "searches"):
        if name != missing:
            (tmp_path / name).mkdir()
    worker = LaunchedWorker(
        command=("python", "train.py"),
        cwd=str(tmp_path / "typed"),
        paths=SearchPaths(tmp_path / "searches"),
        told={},
        n_jobs=1,
    )
    with initialize(config_path=None):
        cfg = compose(overrides=["hydra.job.num=0"], return_hydra_config=True)
    HydraConfig.instance().set_config(cfg)
    with pytest.raises(InvalidConfig, match=f"does not see {tmp_path / missing}; let it lie on"):
        worker(OmegaConf.create())
