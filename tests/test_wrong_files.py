"""Mistakes in a user's own config files: each gives one line that says where and what to write."""

import shlex
import shutil
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.in_process import refuse_here
from tunesmith.explain import ending_in_one_line

EXPERIMENT = ("experiment=mine", "experiment/mine.yaml")
SEARCH = ("-m hparams_search=mine", "hparams_search/mine.yaml")
GLOBAL = "# @package _global_\n"
BASED = f"{GLOBAL}defaults:\n  - _base\nhydra:\n  sweeper:\n    params:\n"
# What is typed, the file, its text, what came, the way out.
CASES = [
    (*EXPERIMENT, f"{GLOBAL}model:\n\tn_layers: 3\n", "mine.yaml:3", "indent by blanks"),
    (*EXPERIMENT, f"{GLOBAL}model:\n  n_layers: 3\n n_nodes: 4\n", "mine.yaml:4", "align it"),
    (*EXPERIMENT, f'{GLOBAL}tags: ["a]\n', "mine.yaml:", "correct it there"),
    (*EXPERIMENT, f"{GLOBAL}seed: 1\nseed: 2\n", "mine.yaml:3", "leave one of them out"),
    (*EXPERIMENT, f'{GLOBAL}tags: ["\xe9"]\n', "not written in UTF-8", "save it as UTF-8"),
    (*EXPERIMENT, f"{GLOBAL}- model\n", "got a list", "write model: {...}"),
    (
        *EXPERIMENT,
        f"{GLOBAL}model.n_layers: 3\n",
        "'model.n_layers'",
        "write model: {n_layers: VALUE}",
    ),
    (*EXPERIMENT, "model:\n  n_layers: 3\n", "nothing reads", "write # @package _global_"),
    (*EXPERIMENT, f"{GLOBAL}seed: ${{nope:1}}\n", "${nope:...}", "register it in train.py"),
    (
        *EXPERIMENT,
        f"{GLOBAL}defaults:\n  - override /optimiser: sgd\n",
        "no group optimiser",
        "did you mean optimizer?",
    ),
    (
        *EXPERIMENT,
        f"{GLOBAL}defaults:\n  - override /optimizer: sdg\n",
        "no option 'sdg'",
        "try optimizer=sgd",
    ),
    (
        *EXPERIMENT,
        f"{GLOBAL}defaults:\n  - /optimizer: sgd\n",
        "a second time",
        "write - override /optimizer: sgd",
    ),
    (
        *EXPERIMENT,
        f"{GLOBAL}defaults:\n  - /nothing: sgd\n",
        "nothing/sgd, which is not there",
        "the groups are callbacks, confirm,",
    ),
    (*EXPERIMENT, f"{GLOBAL}width: ???\n", "width is ???", "type width=VALUE"),
    (
        "model=mine",
        "model/mine.yaml",
        "defaults:\n  - mlp\n  - _self_\nwidth: ???\n",
        "model.width is ???",
        "type model.width=VALUE",
    ),
    (*EXPERIMENT, f"{GLOBAL}ckpt_path: ${{.ckpt_path}}\n", "itself", "type ckpt_path=VALUE"),
    (
        *EXPERIMENT,
        f"{GLOBAL}seed: ${{model.n_nodes}}\nmodel:\n  n_nodes: ${{..seed}}\n",
        "(seed -> model.n_nodes -> seed)",
        "type seed=VALUE",
    ),
    (*EXPERIMENT, f"{GLOBAL}defaults:\n  - mine\n", "mine.yaml itself", "leave that line out"),
    (
        *EXPERIMENT,
        f"{GLOBAL}defaults:\n  - /train\n",
        "mine.yaml include conf/train.yaml, which includes conf/experiment/mine.yaml again",
        "leave one of them out",
    ),
    (*SEARCH, f"{GLOBAL}defaults:\n  - mine\n", "mine.yaml itself", "leave that line out"),
    ("optimizer=mine", "optimizer/mine.yaml", "lr: 0.1\n", "optimizer needs a _target_", "torch."),
    ("model=mine", "model/mine.yaml", "n_layers: 3\n", "needs a model with a _target_", "model="),
    (
        "callbacks=mine",
        "callbacks/mine.yaml",
        "early:\n  monitor: val/mse\n",
        "callbacks.early needs a _target_, got monitor",
        "add _target_: lightning.pytorch.callbacks.CLASS",
    ),
    (
        "model=mine",
        "model/mine.yaml",
        "_target_: tunesmith.models.Nope\n",
        "tunesmith.models.Nope cannot be imported",
        "No module named",
    ),
    (
        "optimizer=mine",
        "optimizer/mine.yaml",
        "_target_: torch.optim.Adamm\n_partial_: true\n",
        "torch.optim.Adamm cannot be imported",
        "No module named",
    ),
    (*SEARCH, f"{BASED}      model.n_layer: int(interval(1,4))\n", "model.n_layer", "n_layers?"),
    (*SEARCH, f"{BASED}      model.n_layers: interval(1,4\n", "brackets", "interval(1,4)'"),
    (*SEARCH, f"{BASED}      - model.n_layers=1\n", "got ['model.n_layers=1']", "KEY=interval"),
    (
        *SEARCH,
        BASED.replace("defaults:\n  - _base\n", "") + "      model.n_layers: interval(1,4)\n",
        "hparams_search=mine chooses no search",
        "write - _base",
    ),
]


def in_a_copy(folder: Path, **files: str) -> Path:
    """A copy of train.py and conf/ with further files; return its train.py."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name, text in files.items():
        file = folder / "conf" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode("latin-1"))
    return Path(shutil.copy(ROOT / "train.py", folder))


@pytest.mark.parametrize(("typed", "file", "text", "came", "way_out"), CASES)
def test_a_wrong_file_is_one_line(
    tmp_path: Path, typed: str, file: str, text: str, came: str, way_out: str
) -> None:
    entry = in_a_copy(tmp_path, **{file.removesuffix(".yaml"): text})
    said = refuse_here(*shlex.split(typed), root=tmp_path / "outputs", entry=entry)
    assert came in said.replace(f"{tmp_path}/", "")
    assert way_out in said


def test_files_that_include_each_other_are_named(tmp_path: Path) -> None:
    entry = in_a_copy(
        tmp_path,
        **{
            "experiment/one": f"{GLOBAL}defaults:\n  - other\n",
            "experiment/other": f"{GLOBAL}defaults:\n  - /experiment: one\n",
        },
    )
    for typed in ("experiment=one", "experiment=one --cfg job", "experiment=one dry_run=true"):
        said = refuse_here(*typed.split(), root=tmp_path / "outputs", entry=entry)
        chain = "conf/experiment/one.yaml include conf/experiment/other.yaml, which includes"
        assert chain in said.replace(f"{tmp_path}/", "")
        assert said.endswith("conf/experiment/one.yaml again; leave one of them out")


def test_a_recursion_of_the_users_own_code_keeps_its_traceback() -> None:
    with pytest.raises(RecursionError), ending_in_one_line():
        _without_end()


def _without_end() -> None:
    _without_end()
