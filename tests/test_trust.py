"""A config runs only what train.py trusts; a password is no override."""

from pathlib import Path

import pytest

from tests.commands import train


@pytest.mark.parametrize(
    "argument",
    ["+callbacks.x._target_=mine.Callback", "data._target_=mine.Data", "model._target_=mine.M"],
)
def test_an_untrusted_target_is_refused_with_the_line_to_add(tmp_path: Path, argument: str) -> None:
    done = train(argument, root=tmp_path / "outputs")
    assert done.returncode == 1
    assert 'add the line "mine.*", to TRUSTED in train.py' in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "outputs").exists()


def test_a_target_that_runs_commands_is_refused(tmp_path: Path) -> None:
    done = train("objective._target_=os.system", root=tmp_path / "outputs")
    assert done.returncode == 1
    assert "os.system" in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("key", ["storage.url", "hydra.sweeper.storage", "tracking.uri"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    tmp_path: Path, key: str
) -> None:
    url = "postgresql://me:can4ry@localhost/db"
    done = train("-m", "hparams_search=quadratic", f"{key}={url}", root=tmp_path / "outputs")
    assert done.returncode == 1
    assert "can4ry" not in done.stdout + done.stderr
    assert "export OPTUNA_STORAGE" in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [(), ("-m", "hparams_search=mlp")])
def test_a_dry_run_writes_nothing(tmp_path: Path, mode: tuple[str, ...]) -> None:
    done = train(*mode, "dry_run=true", root=tmp_path / "outputs")
    assert done.returncode == 0, done.stderr
    assert "nothing is written" in done.stdout
    assert str(tmp_path / "outputs") in done.stdout
    assert not (tmp_path / "outputs").exists()
