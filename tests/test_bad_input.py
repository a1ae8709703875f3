"""Every mistake gives one line that says what to type, exit code 1, and writes nothing."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import command, environment, own_entry, train
from tests.in_process import accept_here, refuse_here
from tunesmith.errors import InvalidConfig
from tunesmith.places import check_folder

SEARCH = ("-m", "hparams_search=mlp")


@pytest.mark.parametrize(
    ("arguments", "came", "way_out"),
    [
        (("model.n_layer=3",), "model.n_layer", "model.n_layers"),
        (("-m", "hparams_search=mlq"), "mlq", "hparams_search=mlp"),
        ((*SEARCH, "storage=postgresql"), "OPTUNA_STORAGE", "export OPTUNA_STORAGE="),
        ((*SEARCH, "trainer.devices=2", "+trainer.strategy=ddp"), "got 2", "devices=1"),
        (("-m", "dry_run=true", "model.n_layers=1,0"), "got 0", "model.n_layers=2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], came: str, way_out: str
) -> None:
    said = refuse_here(*arguments, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file, not a folder")
    done = train(root=occupied / "outputs")
    assert done.returncode == 1
    assert f"got {occupied / 'outputs'}" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "argument",
    ["paths.output_root=outputs", "hydra.run.dir=outputs/run", "hydra.sweep.dir=outputs/s"],
)
def test_a_folder_that_can_be_written_is_offered(tmp_path: Path, argument: str) -> None:
    (tmp_path / "outputs").write_text("a file, not a folder")
    key = argument.partition("=")[0]
    mode = ("-m", "seed=1") if "sweep" in key else ()
    with pytest.raises(InvalidConfig, match=f"^{key} must be a folder"), contextlib.chdir(tmp_path):
        check_folder(Path(argument.partition("=")[2]), key=key)
    line = command(*mode, root=tmp_path / "free")
    line[-1] = argument
    done = subprocess.run(
        [*line, *([] if "paths" in key else [f"paths.output_root={tmp_path / 'free'}"])],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{key} must be a folder that can be written to, got outputs")
    assert f"try {argument}\n" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [(), ("seed=1,2",), ("hparams_search=quadratic", "hydra/sweeper=optuna")]
)
def test_a_dry_run_of_any_multirun_writes_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    printed = accept_here("-m", "dry_run=true", *arguments, root=tmp_path / "outputs")
    assert printed.startswith("Dry run: nothing is written. ")


def test_whatever_a_check_raises_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        from tunesmith.objectives import Objective
        class Mine(Objective):
            def __init__(self, x=0.0): pass
            def evaluate(self, cfg): return 1.0
            def check(self, cfg): return {}["no such key"]
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = own_entry(tmp_path, source)
    for mode in ((), ("-m", "hparams_search=quadratic", "objective.x=1"), ("-m", "seed=1,2")):
        typed = (*mode, "objective._target_=mine.Mine")
        said = refuse_here(*typed, root=tmp_path / "outputs", entry=entry)
        assert re.search(r"KeyError: 'no such key' \(.*mine.py:\d+\)", said), said
        del sys.modules["mine"]


def test_a_gpu_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = train("trainer=gpu", root=tmp_path, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 1
    assert "try trainer=cpu" in done.stderr
    assert done.stderr.count("\n") == 1


CANNOT_BE_IMPORTED = {
    "import no_such_package": "No module named 'no_such_package'; install it with pip install",
    "RATES = {}['lr']": "KeyError: 'lr' (",
    "def f(:": "invalid syntax (mine.py, line 1)",
}


@pytest.mark.parametrize("source", CANNOT_BE_IMPORTED)
@pytest.mark.parametrize(
    "arguments",
    [
        ("data._target_=mine.Data",),
        ("objective._target_=mine.objective",),
        ("tracking._target_=mine.Tracking",),
        ("+hydra.callbacks.mine._target_=mine.Callback",),
        (*SEARCH, "hydra.sweeper.sampler._target_=mine.Sampler"),
        (*SEARCH, "hydra.sweeper.pruner._target_=mine.Pruner"),
        (*SEARCH, "hydra.sweeper.custom_search_space=mine.extend"),
        (*SEARCH, "tracking._target_=mine.Tracking"),
    ],
    ids=lambda arguments: arguments[-1].split("=")[0],
)
def test_what_cannot_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], source: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = own_entry(tmp_path, source)
    said = refuse_here(*arguments, "storage=memory", root=tmp_path / "outputs", entry=entry)
    assert "cannot be imported" in said
    assert CANNOT_BE_IMPORTED[source] in said


def test_a_module_that_cannot_be_imported_ends_a_command_in_one_line(tmp_path: Path) -> None:
    line = command("data._target_=mine.Data", root=tmp_path / "outputs")
    line[1] = str(own_entry(tmp_path, "def f(:"))
    done = subprocess.run(line, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "invalid syntax (mine.py, line 1)" in done.stderr
    assert done.stderr.count("\n") == 1
