"""What stands around the code agrees with it: version, workflow, Pythons."""

import re
import tomllib

import yaml

from tests.commands import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())


def test_the_version_is_the_same_wherever_it_is_told() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    told = re.findall(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert cited["version"] == told[0] == PROJECT["version"]
    assert cited["license"] == PROJECT["license"]
    assert cited["abstract"] == PROJECT["description"]


def test_each_python_that_is_promised_is_tested() -> None:
    prefix = "Programming Language :: Python :: "
    promised = {c.removeprefix(prefix) for c in PROJECT["classifiers"] if c.startswith(prefix)}
    everything, core = WORKFLOW["jobs"]["everything"], WORKFLOW["jobs"]["core"]
    whole = {
        step["with"]["python-version"]
        for step in everything["steps"]
        if "with" in step and "python-version" in step["with"]
    }
    assert whole | set(core["strategy"]["matrix"]["python"]) == promised
    lowest, above = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    assert promised == {f"3.{minor}" for minor in range(int(lowest), int(above))}


def test_the_workflow_runs_what_a_developer_runs() -> None:
    run = [
        step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step
    ]
    for script in (".ci/run", ".ci/core"):
        assert any(script in line for line in run)
        assert (ROOT / script).stat().st_mode & 0o100


def test_templates_and_updates_are_well_formed() -> None:
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        assert yaml.safe_load(form.read_text())
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {"pip", "github-actions"} <= {one["package-ecosystem"] for one in updates}
