"""The examples in docstrings run, and give what they show."""

import doctest
import importlib
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
import rich
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

import tunesmith
from tests.commands import ROOT, succeed
from tests.data.houses import houses
from tests.loaded_models import leave_model
from tunesmith.advice import advise

SOURCE = ROOT / "src"
SEARCH = "quadratic-95ad56a1"
LR = "optimizer.lr"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    """The modules with an example."""
    files = [path for path in sorted(SOURCE.rglob("*.py")) if ">>> " in path.read_text()]
    names = [".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in files]
    return [name.removesuffix(".__init__") for name in names]


class Shown(doctest.OutputChecker):
    """Compares what an example shows; one that shows nothing only has to run."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def study(name: str | None = None, storage: str | None = None) -> optuna.Study:
    """A small study over a learning rate."""
    made = optuna.create_study(study_name=name, storage=storage)
    space = {LR: FloatDistribution(0.001, 0.1, log=True)}
    for lr in (0.003, 0.01, 0.03):
        made.add_trial(create_trial(value=lr, params={LR: lr}, distributions=space))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that examples name: tables, studies, a search and a model."""
    folder = tmp_path_factory.mktemp("examples")
    houses().to_csv(folder / "houses.csv", index=False)
    houses().drop(columns="price").to_csv(folder / "new_houses.csv", index=False)
    for name in ("mine", "theirs"):
        study(name, f"sqlite:///{folder}/{name}.db")
    search = ("-m", "hparams_search=quadratic", f"hydra.sweeper.study_name={SEARCH}")
    succeed(*search, "hydra.sweeper.n_trials=4", root=folder / "outputs")
    leave_model(folder / "outputs" / "searches" / "houses")
    return folder


@pytest.fixture
def names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What an example knows besides its module, in the folder with its files."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    libraries = {"np": np, "optuna": optuna, "pd": pd, "rich": rich, "tunesmith": tunesmith}
    return {**libraries, "Path": Path, "advise": advise, "study": study()}


@pytest.mark.parametrize("name", modules())
def test_the_examples_of_a_module_run_and_give_what_they_show(
    name: str, names: dict[str, Any]
) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(Shown(), optionflags=FLAGS)
    printed = io.StringIO()
    with redirect_stdout(printed):
        for example in doctest.DocTestFinder().find(module, extraglobs=names):
            runner.run(example)
    assert runner.tries > 0
    assert runner.failures == 0, printed.getvalue()
