"""Each idea has one home: what is written there is written nowhere else in the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT

SOURCE = ROOT / "src" / "tunesmith"
# Words that stand in a file name, and in nothing else that is ours.
FILE_NAMES = re.compile(
    r"(?<![\w{])(report\.html|best\.yaml|next\.yaml|study\.yaml|optimization_results\.yaml|"
    r"pareto\.csv|metrics\.yaml|checkpoint\.ckpt|model\.txt|profile\.txt|learning_curve\.html|"
    r"predicted_vs_true\.html|feature_importance\.html|optuna\.db|mlartifacts|\.hydra)\b"
)
GRAMMAR = re.compile(r"(interval|choice|range|tag)\(\{|tag\(log,|QuotedString")
COMMAND = re.compile(r"--config-(dir|name) |mlflow ui|optuna-dashboard |load_model\(\"")
RANGE = re.compile(r"must be an integer of at least")
ATTRIBUTES = re.compile(r"user_attrs|system_attrs|set_user_attr|set_system_attr")


def code_of(path: Path) -> str:
    """A module without its docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
    return ast.unparse(tree)


def places(pattern: re.Pattern[str], *, but: set[str]) -> Iterator[str]:
    """Where a pattern stands in the code, outside of its home."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name not in but:
            yield from (
                f"{name}: {line.strip()}"
                for line in code_of(path).splitlines()
                if pattern.search(line)
            )


@pytest.mark.parametrize(
    ("pattern", "home"),
    [
        (FILE_NAMES, {"paths.py"}),
        (GRAMMAR, {"overrides.py"}),
        (COMMAND, {"commands.py"}),
        (RANGE, {"validate.py"}),
        # The storage and the sampler hand a trial's attributes on as a whole, without naming one.
        (ATTRIBUTES, {"study/record.py", "study/_optuna.py", "study/recovery.py"}),
    ],
    ids=["file names", "Hydra's grammar", "printed commands", "ranges of values", "attributes"],
)
def test_an_idea_is_written_in_its_home_only(pattern: re.Pattern[str], home: set[str]) -> None:
    assert list(places(pattern, but=home)) == []


def test_only_the_record_names_a_key() -> None:
    from tunesmith.study import record

    keys = {
        *record._TRIAL_KEYS.values(),
        *record._FAILURE_KEYS.values(),
        *record._STUDY_KEYS.values(),
        *(value for name, value in vars(record).items() if name.endswith("_KEY")),
    }
    # Words that mean something else in other places.
    distinct = {key for key in keys if re.search(r"[._:]", key)}
    named = re.compile("|".join(rf"(['\"]){re.escape(key)}\1" for key in distinct))
    # The MLflow tags have two of the names, by contract.
    assert [
        place
        for place in places(named, but={"study/record.py"})
        if "tags" not in place and "hydra.dir" not in place
    ] == []
