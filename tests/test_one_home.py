"""Each idea has one home: what is written there is written nowhere else in the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT

SOURCE = ROOT / "src" / "tunesmith"
RECORD = {
    path.relative_to(SOURCE).as_posix() for path in (SOURCE / "study" / "record").glob("*.py")
}
# Words that stand in a file name, and in nothing else that is ours.
FILE_NAMES = re.compile(
    r"(?<![\w{])(report\.html|best\.yaml|next\.yaml|study\.yaml|optimization_results\.yaml|"
    r"pareto\.csv|metrics\.yaml|checkpoint\.ckpt|model\.txt|profile\.txt|learning_curve\.html|"
    r"predicted_vs_true\.html|feature_importance\.html|column_importance\.html|plots\.json|"
    r"confusion_matrix\.html|class_curves\.html|model\.joblib|predictor\.pkl|(?<!to/)optuna\.db|mlartifacts|"
    r"\.hydra)\b"
)
GRAMMAR = re.compile(r"(interval|choice|range|tag)\(\{|tag\(log,|QuotedString")
COMMAND = re.compile(r"--config-(dir|name) |mlflow ui|optuna-dashboard |load_model\(\"")
RANGE = re.compile(r"must be an integer of at least")
ATTRIBUTES = re.compile(r"user_attrs|system_attrs|set_user_attr|set_system_attr")
# Keys of studies and trials that mean nothing else; `mlflow.run_id` is a tag of no run.
KEYS = re.compile(
    r"['\"](fail_\w+|results_of|baseline_trial|mlflow\.run_id|tunesmith:\w+|"
    r"failed_trial|retry_history|fixed_params|repetitions)['\"]"
)


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
        # These hand attributes on, whatever their key.
        (ATTRIBUTES, {*RECORD, "study/_optuna.py", "study/trial.py"}),
        (KEYS, RECORD),
    ],
    ids=["file names", "Hydra's grammar", "printed commands", "ranges", "attributes", "keys"],
)
def test_an_idea_is_written_in_its_home_only(pattern: re.Pattern[str], home: set[str]) -> None:
    assert list(places(pattern, but=home)) == []
