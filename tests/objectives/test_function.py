"""`hparams_search=function`: a Python file with `def objective(trial)`, as it is."""

import runpy
import textwrap
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import FrozenTrial, TrialState

from tests.commands import read_trials, refuse, row_of, succeed, train
from tests.mlflow_store import runs_of

# The tutorial's first script, with the study that it runs itself.
QUADRATIC = """
    import optuna


    def objective(trial):
        x = trial.suggest_float("x", -10, 10)
        print("tried", x)
        return (x - 2) ** 2


    study = optuna.create_study(study_name="example1")
    study.optimize(objective, n_trials=100)
    print(study.best_params)
"""
# Its second one: a network of variable depth; the weights are drawn unseeded.
NETWORK = """
    import optuna
    import torch
    from torch import nn

    from my_target import target


    def define_model(trial):
        n_layers = trial.suggest_int("n_layers", 1, 3)
        layers, width = [], 5
        for i in range(n_layers):
            n_nodes = trial.suggest_int(f"n_nodes_{i}", 2, 16)
            layers += [nn.Linear(width, n_nodes), nn.ReLU()]
            width = n_nodes
        return nn.Sequential(*layers, nn.Linear(width, 1))


    def objective(trial):
        model = define_model(trial)
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        name = trial.suggest_categorical("optimizer", ["SGD", "Adam"])
        optimizer = getattr(torch.optim, name)(model.parameters(), lr=lr)
        x = torch.randn(100, 5)
        y = target(x)
        for epoch in range(5):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[:80]), y[:80])
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                value = nn.functional.mse_loss(model(x[80:]), y[80:]).item()
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
        trial.set_user_attr("width", model[-1].in_features)
        return value


    if __name__ == "__main__":
        optuna.create_study().optimize(objective, n_trials=100)
"""
TARGET = """
    def target(x):
        return (x[:, 0] + 2 * x[:, 1] ** 3).unsqueeze(1)
"""
FRONT = """
    def objective(trial):
        x = trial.suggest_float("x (in m)", 0, 1)
        return x**2, (x - 1) ** 2
"""


def written(folder: Path, **files: str) -> None:
    """Write Python files by their names without the suffix."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))


def search(file: Path, *arguments: str, n_trials: int) -> tuple[str, ...]:
    """The arguments of a search named `s` over a file."""
    return (
        *("-m", "hparams_search=function", f"objective.file={file}", *arguments),
        *(f"hydra.sweeper.n_trials={n_trials}", "hydra.sweeper.study_name=s"),
    )


def trials_of(root: Path) -> list[FrozenTrial]:
    """The trials of the study `s`."""
    return read_trials(f"sqlite:///{root}/optuna.db")


def value_repeated(*arguments: str, root: Path) -> Any:
    """The value of a single run."""
    succeed(*arguments, root=root)
    [metrics] = root.glob("runs/*/*/metrics.yaml")
    return yaml.safe_load(metrics.read_text())["value"]


@pytest.mark.slow
def test_the_first_script_runs_as_it_stands(tmp_path: Path) -> None:
    written(tmp_path, quadratic=QUADRATIC)
    printed = succeed(*search(tmp_path / "quadratic.py", n_trials=100), root=tmp_path)
    trials = trials_of(tmp_path)
    assert len(trials) == 100
    best = min(trials, key=lambda trial: trial.value or 0.0)
    assert abs(best.params["x"] - 2) < 0.02
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")
    assert "tried" not in printed
    log = Path(best.user_attrs["hydra.dir"]) / "train.log"
    assert f"tried {best.params['x']}" in log.read_text()
    folder = tmp_path / "searches" / "s"
    assert not (folder / "next.yaml").exists()
    assert "next search" not in printed
    assert "x=interval(" in (folder / "report.html").read_text()
    assert yaml.safe_load((folder / "best.yaml").read_text())["objective"]["params"] == best.params


@pytest.mark.slow
def test_the_second_script_is_pruned_recorded_resumed_and_repeated_bit_for_bit(
    tmp_path: Path,
) -> None:
    written(tmp_path, network=NETWORK, my_target=TARGET)
    file = tmp_path / "network.py"
    succeed(*search(file, n_trials=6), root=tmp_path)
    printed = succeed(*search(file, "hydra.sweeper.n_jobs=2", n_trials=16), root=tmp_path)
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")
    trials = trials_of(tmp_path)
    assert len(trials) == 16
    runs = {run.info.run_id: run for run in runs_of(tmp_path)}
    for trial in trials:
        run = runs[trial.user_attrs["mlflow.run_id"]]
        drawn = {f"objective.params.{name}": str(value) for name, value in trial.params.items()}
        assert drawn.items() <= run.data.params.items()
        assert run.data.metrics["value"] == list(trial.intermediate_values.values())[-1]
        folder = Path(trial.user_attrs["hydra.dir"])
        saved = yaml.safe_load((folder / ".hydra" / "config.yaml").read_text())
        assert saved["objective"]["params"] == trial.params
        if trial.state == TrialState.COMPLETE:
            last = trial.params[f"n_nodes_{trial.params['n_layers'] - 1}"]
            assert trial.user_attrs["width"] == last

    best = min((t for t in trials if t.value is not None), key=lambda trial: trial.value or 0.0)
    winner = ("--config-dir", str(tmp_path / "searches" / "s"), "--config-name", "best")
    assert value_repeated(*winner, root=tmp_path / "winner") == best.value
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    for trial in (complete[-1], pruned[0]):
        config = str(Path(trial.user_attrs["hydra.dir"]) / ".hydra")
        root = tmp_path / str(trial.number)
        value = value_repeated("--config-dir", config, "--config-name", "config", root=root)
        # Alone, nothing is pruned: the run goes on where the trial was stopped.
        assert trial.state == TrialState.PRUNED or value == trial.value


def test_a_killed_trial_is_attempted_again_with_what_it_drew(tmp_path: Path) -> None:
    written(
        tmp_path,
        dying="""
            import os
            from pathlib import Path

            def objective(trial):
                x = trial.suggest_float("x", 0, 1)
                died = Path(__file__).with_name("died")
                if not died.exists():
                    died.touch()
                    os.kill(os.getpid(), 9)
                return x + trial.suggest_float("y", 0, 1)
        """,
    )
    arguments = search(tmp_path / "dying.py", n_trials=2)
    train(*arguments, root=tmp_path)
    succeed(*arguments, root=tmp_path)
    dead, *others = trials_of(tmp_path)
    assert dead.state == TrialState.FAIL
    [retry] = [trial for trial in others if trial.system_attrs.get("failed_trial") == 0]
    assert retry.params["x"] == dead.params["x"]
    assert retry.value == retry.params["x"] + retry.params["y"]
    saved = yaml.safe_load(
        (Path(retry.user_attrs["hydra.dir"]) / ".hydra" / "config.yaml").read_text()
    )
    assert saved["objective"]["params"] == retry.params


def test_the_best_are_trained_again_with_what_they_drew(tmp_path: Path) -> None:
    written(
        tmp_path,
        noisy="""
            import random

            def objective(trial):
                return trial.suggest_float("x", 0, 1) + random.random() / 100
        """,
    )
    again = ("confirm=retrain", "confirm.n_best=1", "confirm.n_seeds=2", "refit=false")
    succeed(*search(tmp_path / "noisy.py", *again, n_trials=3), root=tmp_path)
    best = min(trials_of(tmp_path), key=lambda trial: trial.value or 0.0)
    confirmed = read_trials(f"sqlite:///{tmp_path}/optuna.db", "s-confirm")
    assert [trial.params["x"] for trial in confirmed] == [best.params["x"]] * 2
    assert len({trial.value for trial in [best, *confirmed]}) == 3


def test_what_a_function_returns_is_taken_as_optuna_takes_it(tmp_path: Path) -> None:
    written(
        tmp_path,
        returning="""
            INF, NAN = float("inf"), float("nan")
            RETURNED = [INF, -INF, INF, NAN, None, [2.5], True, [NAN], (INF,), 1.5]

            def objective(trial):
                trial.suggest_float("x", 0, 1)
                return RETURNED[trial.number] if trial.number < len(RETURNED) else "3.2"
        """,
    )
    file = tmp_path / "returning.py"
    returned = runpy.run_path(str(file))["objective"]
    plain = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    plain.optimize(returned, n_trials=10)
    printed = succeed(
        *search(file, "confirm=retrain", "confirm.n_seeds=1", n_trials=8), root=tmp_path
    )
    *trials, last = trials_of(tmp_path)
    assert [(t.state, t.values) for t in trials] == [(t.state, t.values) for t in plain.trials]
    # Optuna itself ends with an AssertionError at a text.
    assert last.value == 3.2
    assert "best 1 (trial 6" in printed
    results = yaml.safe_load((tmp_path / "searches/s/optimization_results.yaml").read_text())
    assert results["best_value"] == 1.0
    runs = {run.info.run_name: run for run in runs_of(tmp_path)}
    assert runs["trial-0000"].info.status == "FINISHED"
    assert runs["trial-0003"].info.status == "FAILED"
    # The largest number of its database stands for infinity.
    assert runs["trial-0001"].data.metrics["value"] < -1e308


@pytest.mark.slow
def test_what_stands_in_the_params_is_held_fixed(tmp_path: Path) -> None:
    written(tmp_path, network=NETWORK, my_target=TARGET)
    fixed = "objective.params={n_layers: 2, optimizer: Adam}"
    succeed(*search(tmp_path / "network.py", fixed, n_trials=3), root=tmp_path)
    trials = trials_of(tmp_path)
    assert {(t.params["n_layers"], t.params["optimizer"]) for t in trials} == {(2, "Adam")}
    assert len({trial.params["lr"] for trial in trials}) == 3


@pytest.mark.slow
def test_prune_false_and_maximize_are_obeyed(tmp_path: Path) -> None:
    written(tmp_path, network=NETWORK, my_target=TARGET)
    arguments = ("prune=false", "metric.direction=maximize", "refit=false")
    succeed(*search(tmp_path / "network.py", *arguments, n_trials=10), root=tmp_path)
    trials = trials_of(tmp_path)
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    results = yaml.safe_load((tmp_path / "searches/s/optimization_results.yaml").read_text())
    assert results["best_value"] == max(trial.value or 0.0 for trial in trials)


def test_a_function_of_several_values_gives_a_front(tmp_path: Path) -> None:
    written(tmp_path, front=FRONT)
    names = ("metric.name=[near,far]", "metric.direction=[minimize,minimize]")
    succeed(*search(tmp_path / "front.py", *names, n_trials=6), root=tmp_path)
    results = tmp_path / "searches" / "s" / "optimization_results.yaml"
    solutions = yaml.safe_load(results.read_text())["solutions"]
    trials = trials_of(tmp_path)
    assert all(trial.values[0] == trial.params["x (in m)"] ** 2 for trial in trials)
    assert {"params": trials[0].params, "values": trials[0].values} in solutions
    run = next(run for run in runs_of(tmp_path) if run.info.run_name == "trial-0000")
    assert run.data.metrics["far"] == trials[0].values[1]
    assert run.data.params["objective.params.x _in m_"] == str(trials[0].params["x (in m)"])


@pytest.mark.slow
def test_names_of_any_language_are_repeated(tmp_path: Path) -> None:
    written(
        tmp_path,
        names="""
            def objective(trial):
                rate = trial.suggest_float("学習率 'η'", 0, 1)
                return rate if trial.suggest_categorical("a: b", [None, "[x]", "c,d"]) else 2
        """,
    )
    printed = succeed(*search(tmp_path / "names.py", n_trials=3), root=tmp_path)
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")
    best = min(trials_of(tmp_path), key=lambda trial: trial.value or 0.0)
    winner = ("--config-dir", str(tmp_path / "searches" / "s"), "--config-name", "best")
    assert value_repeated(*winner, root=tmp_path / "winner") == best.value


@pytest.mark.slow
def test_a_changed_file_is_another_study_and_refused_under_the_old_name(tmp_path: Path) -> None:
    written(tmp_path, front="def objective(trial): return trial.suggest_float('x', 0, 1)")
    file = tmp_path / "front.py"
    arguments = ("-m", "hparams_search=function", f"objective.file={file}", "refit=false")
    for low in (0, 0.5):
        written(tmp_path, front=f"def objective(trial): return trial.suggest_float('x', {low}, 1)")
        succeed(*arguments, "hydra.sweeper.n_trials=1", root=tmp_path)
    names = [folder.name for folder in (tmp_path / "searches").iterdir()]
    assert len(names) == 2
    for name in names:
        done = train(
            *arguments,
            *(f"hydra.sweeper.study_name={name}", "hydra.sweeper.n_trials=2"),
            root=tmp_path,
        )
        refused = "the code has changed" in done.stderr
        assert refused == (done.returncode == 1)


def test_a_file_is_found_from_the_working_directory(tmp_path: Path) -> None:
    written(tmp_path, front=FRONT)
    done = train(
        *("objective=function", "objective.file=front.py"),
        r"objective.params={x\ \(in\ m\): 0.5}",
        *("metric.name=[near,far]", "metric.direction=[minimize,minimize]"),
        root=tmp_path / "outputs",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "near    0.25" in done.stdout


def test_a_run_that_lacks_a_parameter_of_a_branch_names_it_in_one_line(tmp_path: Path) -> None:
    written(tmp_path, branch="def objective(t):\n    if t:\n        t.suggest_int('x', 0, 1)\n")
    file = tmp_path / "branch.py"
    done = train("objective=function", f"objective.file={file}", root=tmp_path / "outputs")
    assert done.returncode == 1
    assert done.stderr == (
        f"objective.params has no 'x', which {file} asks for; "
        "try 'objective.params={x:VALUE}', or -m hparams_search=function for a search\n"
    )


def test_values_that_no_metric_names_are_said_so(tmp_path: Path) -> None:
    written(tmp_path, front=FRONT)
    done = train(*search(tmp_path / "front.py", n_trials=4), root=tmp_path)
    assert done.returncode == 1
    assert "returned 2 values, metric.name names 1; try 'metric.name=[a,b]'" in done.stderr


@pytest.mark.parametrize(
    ("argument", "came", "way_out"),
    [
        ("", "names no file", "objective.file=my_objective.py"),
        ("objective.file=objectif.py", "objectif.py cannot be read", "has objective.py"),
        ("objective.file=notes.txt", "notes.txt", "objective.file=my_objective.py"),
        ("objective.file=broken.py", "broken.py:2 is no Python", "expected ':'"),
        ("objective.file=raising.py", "raising.py:1 does not run", "No module named 'nowhere'"),
        ("objective.file=exiting.py", "exiting.py:3 ends the program", "SystemExit: 2"),
        ("objective.file=others.py", "no function 'objective'", "objective.name=objectiv"),
        ("objective.file=none.py", "no function 'objective'", "it has none"),
        ("objective.file=objective.py objective.params=3", "got 3", "'objective.params={x: 1}'"),
        (
            "objective.file=objective.py hydra/sweeper/sampler=grid",
            "grid",
            "hydra/sweeper/sampler=tpe",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, argument: str, came: str, way_out: str
) -> None:
    written(
        tmp_path,
        objective="def objective(trial): return 1.0",
        broken="x = 1\ndef objective(trial) return 1.0",
        raising="import nowhere",
        exiting="import sys\n\nsys.exit(2)",
        others="def objectiv(trial): return 1.0\ndef load(): ...",
        none="objective = 3",
    )
    (tmp_path / "notes.txt").write_text("notes")
    search = ("-m", "hparams_search=function", *argument.split())
    said = refuse(*search, root=tmp_path / "outputs", cwd=tmp_path)
    assert came in said
    assert way_out in said
