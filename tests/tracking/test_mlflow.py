"""What a run keeps in MLflow, read back from a real SQLite store."""

import math
import time
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as StoredRun
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE

from tests.commands import empty_mlflow_store
from tests.mlflow_store import runs_of
from tunesmith.process import ProcessId
from tunesmith.tracking import Run, RunState, Tracking, store
from tunesmith.tracking import mlflow as module
from tunesmith.tracking.mlflow import MlflowTracking

NOT_RUNNING = 2**22 - 1
HERE = ProcessId.current()


@pytest.fixture
def tracking(tmp_path: Path) -> MlflowTracking:
    (tmp_path / "mlflow.db").write_bytes(empty_mlflow_store())
    return opened(f"sqlite:///{tmp_path}/mlflow.db", tmp_path)


def opened(uri: str, folder: Path) -> MlflowTracking:
    return MlflowTracking(uri=uri, experiment="tunesmith", outbox=folder / "outbox")


@pytest.fixture
def client(tracking: MlflowTracking) -> MlflowClient:
    return MlflowClient(tracking.uri)


def started(tracking: MlflowTracking, process: ProcessId | None = None) -> str:
    """The id of an open run, of another process where one is given."""
    run = tracking.start_run("run", tags={})
    assert run.id is not None
    if process is not None:
        run.set_tags({"tunesmith.process": process.to_str()})
    return run.id


def state_of(run: StoredRun) -> tuple[str, str | None]:
    return run.info.status, run.data.tags.get("optuna.trial_state")


def points(client: MlflowClient, run: Run, name: str) -> list[tuple[int, float]]:
    history = client.get_metric_history(str(run.id), name)
    return [(point.step, point.value) for point in history]


def test_a_run_lies_below_its_parent_with_its_tags(tmp_path: Path, tracking) -> None:
    parent = tracking.start_run("study", tags={})
    tracking.start_run("trial-0000", tags={"optuna.study": "s"}, parent_id=parent.id)
    runs = {run.info.run_name: run for run in runs_of(tmp_path)}
    child = runs["trial-0000"]
    assert child.data.tags["mlflow.parentRunId"] == runs["study"].info.run_id == parent.id
    assert child.data.tags["optuna.study"] == "s"
    assert child.info.status == "RUNNING"
    assert child.info.artifact_uri.startswith((tmp_path / "mlartifacts").as_uri())


def test_points_wait_for_the_end_and_none_is_lost(tracking, client: MlflowClient) -> None:
    run = tracking.start_run("run", tags={})
    # More than MLflow takes at once.
    for step in range(1500):
        run.log_metrics({"val/mse": step / 2, "train/mse": step}, step=step)
    assert points(client, run, "val/mse") == []
    run.finish(RunState.COMPLETE)
    assert points(client, run, "val/mse") == [(step, step / 2) for step in range(1500)]
    assert len(points(client, run, "train/mse")) == 1500


def test_points_of_a_long_run_are_written_while_it_goes_on(
    tracking, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tracking.start_run("run", tags={})
    run.log_metrics({"loss": 3.0}, step=1)
    later = time.monotonic() + module.SECONDS_BETWEEN_FLUSHES + 1
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    run.log_metrics({"loss": 2.0}, step=2)
    assert points(client, run, "loss") == [(1, 3.0), (2, 2.0)]
    run.log_metrics({"loss": 1.0}, step=3)
    assert len(points(client, run, "loss")) == 2


def test_a_final_value_ends_its_curve_once(tracking, client: MlflowClient) -> None:
    run = tracking.start_run("run", tags={})
    run.log_metrics({"same": 1.0, "other": 1.0}, step=7)
    run.log_summary({"same": 1.0, "other": 2.0, "seconds": 3.0})
    run.finish(RunState.COMPLETE)
    assert points(client, run, "same") == [(7, 1.0)]
    assert points(client, run, "other") == [(7, 1.0), (8, 2.0)]
    assert points(client, run, "seconds") == [(0, 3.0)]


def test_long_and_odd_parameters_and_tags_are_cut_not_refused(
    tracking, client: MlflowClient
) -> None:
    run = tracking.start_run("run", tags={})
    # More than MLflow takes at once.
    many = {f"key{i}": i for i in range(250)}
    run.log_params({**many, "long": "x" * 10_000, "odd key=a[0]@b": None, "net": [8, 8]})
    run.set_tags({"long": "y" * 10_000})
    kept = client.get_run(run.id).data
    assert kept.params["key249"] == "249"
    assert kept.params["net"] == "[8, 8]"
    assert kept.params["odd key_a_0__b"] == "None"
    assert kept.params["long"] == "x" * module.MAX_PARAM_VAL_LENGTH
    assert kept.tags["long"] == "y" * module.MAX_TAG_VAL_LENGTH
    assert len(kept.params) == 253


def test_metrics_of_any_name_are_kept_apart_and_the_change_is_told_once(
    tracking, client: MlflowClient, caplog: pytest.LogCaptureFixture
) -> None:
    run = tracking.start_run("run", tags={})
    long = "x" * 300
    odd = {"MAP@10": 1.0, "MAP?10": 2.0, "/abs": 3.0, "": 4.0, "a/../b": 5.0, "..": 6.0, "..c": 7.0}
    odd |= {long: 8.0, f"{long}y": 9.0, "./": 10.0, "a//d": 11.0, "ä:ö val/mse": 12.0}
    run.log_metrics(odd, step=1)
    run.log_metrics(odd, step=2)
    run.log_summary(odd)
    run.finish(RunState.COMPLETE)
    kept = client.get_run(run.id).data.metrics
    assert sorted(kept.values()) == sorted(odd.values())
    assert {kept[name] for name in ("MAP_10", "MAP_10_2", "abs", "a/b", "ä:ö val/mse")} == {
        *(1.0, 2.0, 3.0, 5.0, 12.0)
    }
    assert points(client, run, "MAP_10") == [(1, 1.0), (2, 1.0)]
    told = [record.getMessage() for record in caplog.records]
    assert told == run.notes
    assert len(told) == len(odd) - 1
    assert told[0].startswith("the metric 'MAP@10' is recorded as 'MAP_10'")
    assert max(map(len, told)) < 250


def test_files_folders_and_texts_come_back_as_they_were(
    tmp_path: Path, tracking, client: MlflowClient
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.txt").write_text("inside")
    (tmp_path / "plain.txt").write_text("plain")
    run = tracking.start_run("run", tags={})
    run.log_artifact(tmp_path / "plain.txt")
    run.log_artifact(tmp_path / "folder", folder="config")
    run.log_text("é\n", "note.txt")
    back = Path(client.download_artifacts(str(run.id), "", str(tmp_path)))
    assert (back / "plain.txt").read_text() == "plain"
    assert (back / "config" / "inside.txt").read_text() == "inside"
    assert (back / "note.txt").read_text(encoding="utf-8") == "é\n"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.COMPLETE, "FINISHED"),
        (RunState.PRUNED, "KILLED"),
        (RunState.FAIL, "FAILED"),
        (RunState.INTERRUPTED, "KILLED"),
    ],
)
def test_the_end_of_a_run_is_told_in_mlflows_and_in_optunas_words(
    tracking, client: MlflowClient, state: RunState, status: str
) -> None:
    run = tracking.start_run("run", tags={})
    run.finish(state)
    assert state_of(client.get_run(run.id)) == (status, state.value)


def test_a_resumed_run_is_open_again_and_this_processs(tracking, client: MlflowClient) -> None:
    run_id = started(tracking, replace(HERE, pid=NOT_RUNNING))
    tracking.close_dead_runs()
    resumed = tracking.resume_run(run_id)
    resumed.log_metrics({"loss": 1.0}, step=4)
    resumed.flush()
    stored = client.get_run(run_id)
    assert stored.info.status == "RUNNING"
    assert stored.data.tags["tunesmith.process"] == HERE.to_str()
    assert stored.data.metrics["loss"] == 1.0
    tracking.close_dead_runs()
    assert client.get_run(run_id).info.status == "RUNNING"


def test_a_run_deleted_in_the_ui_is_taken_back(tracking, client: MlflowClient) -> None:
    first, second = started(tracking), started(tracking)
    for run_id in (first, second):
        client.delete_run(run_id)
    assert tracking.resume_run(first).id == first
    tracking.set_tags(second, {"note": "kept"})
    for run_id in (first, second):
        assert client.get_run(run_id).info.lifecycle_stage == "active"
    assert client.get_run(second).data.tags["note"] == "kept"


def test_a_run_that_is_no_more_is_told_so_and_cannot_be_tagged(tracking) -> None:
    unknown = "0" * 32
    assert tracking.resume_run(unknown) is None
    tracking.set_tags(unknown, {"note": "lost"})


def test_a_tag_leaves_a_run_that_is_over_as_it_ended(tracking, client: MlflowClient) -> None:
    run = tracking.start_run("run", tags={})
    run.finish(RunState.FAIL)
    ended = client.get_run(run.id).info.end_time
    tracking.set_tags(run.id, {"note": "later"})
    stored = client.get_run(run.id)
    assert state_of(stored) == ("FAILED", "FAIL")
    assert stored.info.end_time == ended
    assert stored.data.tags["note"] == "later"


def test_only_runs_of_dead_processes_of_this_host_are_closed(
    tracking, client: MlflowClient
) -> None:
    dead = replace(HERE, pid=NOT_RUNNING)
    # The number runs, but was given to another process since.
    reused = replace(HERE, started=HERE.started - 1000)
    elsewhere = replace(dead, host="elsewhere")
    runs = {
        name: started(tracking, process)
        for name, process in [
            *(("dead", dead), ("reused", reused), ("elsewhere", elsewhere)),
            *(("ours", None), ("named", elsewhere)),
        ]
    }
    foreign = client.create_run(client.get_run(runs["ours"]).info.experiment_id)
    runs["foreign"] = foreign.info.run_id
    ended = tracking.start_run("ended", tags={})
    ended.set_tags({"tunesmith.process": dead.to_str()})
    ended.finish(RunState.COMPLETE)
    tracking.close_dead_runs(also={runs["named"]})
    states = {name: state_of(client.get_run(run_id)) for name, run_id in runs.items()}
    assert states == {
        **dict.fromkeys(("dead", "reused", "named"), ("KILLED", "INTERRUPTED")),
        **dict.fromkeys(("elsewhere", "ours", "foreign"), ("RUNNING", None)),
    }
    assert state_of(client.get_run(ended.id)) == ("FINISHED", "COMPLETE")


def test_an_experiment_deleted_in_the_ui_is_taken_back(
    tmp_path: Path, tracking, client: MlflowClient
) -> None:
    started(tracking)
    before = client.get_experiment_by_name("tunesmith")
    client.delete_experiment(before.experiment_id)
    again = opened(tracking.uri, tmp_path)
    run = again.start_run("run", tags={})
    assert client.get_run(run.id).info.experiment_id == before.experiment_id
    assert client.get_experiment_by_name("tunesmith").lifecycle_stage == "active"


class Flaky:
    """An MLflow client that fails the next calls, or all of them."""

    def __init__(self, client: MlflowClient, error: Exception, n_failures: float = math.inf):
        self.client, self.error, self.n_failures = client, error, n_failures
        self.n_calls = 0

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object, **named: object) -> object:
            self.n_calls += 1
            if self.n_calls <= self.n_failures:
                raise self.error
            return getattr(self.client, name)(*arguments, **named)

        return call


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(store, "FIRST_REST_S", 0.0)
    monkeypatch.setattr(store, "LONGEST_REST_S", 0.0)


AWAY = MlflowException("no answer", error_code=INTERNAL_ERROR)
MISTAKE = MlflowException("no such thing", error_code=INVALID_PARAMETER_VALUE)


@pytest.mark.usefixtures("impatient")
def test_a_store_that_is_busy_for_a_moment_is_asked_again(tracking, client: MlflowClient) -> None:
    run = tracking.start_run("run", tags={})
    tracking._store.client = Flaky(client, AWAY, 2)
    run.set_tags({"note": "kept"})
    assert client.get_run(run.id).data.tags["note"] == "kept"


@pytest.mark.usefixtures("impatient")
def test_a_call_that_mlflow_refuses_is_left_out_and_told(
    tracking, client: MlflowClient, caplog: pytest.LogCaptureFixture
) -> None:
    run = tracking.start_run("run", tags={})
    flaky = tracking._store.client = Flaky(client, MISTAKE, 1)
    run.set_tags({"note": "refused"})
    run.set_tags({"note": "kept"})
    assert flaky.n_calls == 2
    assert client.get_run(run.id).data.tags["note"] == "kept"
    assert caplog.messages == ["MLflow did not take log_batch: no such thing"]


@pytest.mark.usefixtures("impatient")
def test_what_a_store_that_is_away_does_not_take_is_sent_when_it_is_back(
    tmp_path: Path, tracking, client: MlflowClient, caplog: pytest.LogCaptureFixture
) -> None:
    known = started(tracking)
    tracking._store.client = Flaky(client, AWAY)
    # A search's confirmation, its trials, and one that is still going on when the store is back.
    parent = tracking.start_run("confirm", tags={"optuna.study": "s"})
    runs = [
        tracking.start_run(f"trial-{n}", tags={"optuna.study": "s", "optuna.trial_number": str(n)})
        for n in range(3)
    ]
    for number, run in enumerate(runs):
        run.log_params({"x": number})
        run.log_metrics({"loss": 2.0}, step=1)
        run.log_metrics({"loss": 1.0}, step=2)
        run.log_text("text", "note.txt")
    for run in (runs[0], runs[1], parent):
        assert run.id is None
        run.finish(RunState.COMPLETE)
    tracking.set_tags(known, {"pareto_front": "true"})
    tracking.close_dead_runs()
    assert len(list((tmp_path / "outbox").glob("*.json"))) == 4
    [said] = caplog.messages
    assert (
        said == f"MLflow does not answer (no answer); what it misses is kept in {tmp_path}/outbox"
    )
    assert "what it misses of 4 runs waits in" in tracking.waiting()

    tracking._store.client = client
    runs[2].finish(RunState.PRUNED)
    stored = {run.info.run_name: run for run in runs_of(tmp_path)}
    assert sorted(stored) == ["confirm", "run", "trial-0", "trial-1", "trial-2"]
    assert runs[2].id == stored["trial-2"].info.run_id
    for number in range(3):
        run = stored[f"trial-{number}"]
        assert run.data.params == {"x": str(number)}
        assert run.data.tags.get("mlflow.parentRunId") == stored["confirm"].info.run_id
        history = client.get_metric_history(run.info.run_id, "loss")
        assert [(point.step, point.value) for point in history] == [(1, 2.0), (2, 1.0)]
        assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["note.txt"]
        assert run.info.start_time <= history[0].timestamp <= run.info.end_time
    assert state_of(stored["trial-0"]) == ("FINISHED", "COMPLETE")
    assert state_of(stored["trial-2"]) == ("KILLED", "PRUNED")
    assert stored["run"].data.tags["pareto_front"] == "true"
    assert not list((tmp_path / "outbox").glob("*.json"))
    assert tracking.waiting() == ""


def test_without_a_store_nothing_is_kept_and_nothing_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tracking = Tracking()
    run = tracking.start_run("run", tags={"a": "b"}, parent_id="any")
    run.log_metrics({"loss": 1.0}, step=1)
    run.log_summary({"loss": 1.0})
    run.log_params({"lr": 0.1})
    run.set_tags({"a": "b"})
    run.log_artifact(tmp_path)
    run.log_text("text", "name.txt")
    assert run.log_model(object()) is None
    run.flush()
    run.finish(RunState.COMPLETE)
    assert run.id is None
    assert isinstance(tracking.resume_run("any"), Run)
    tracking.set_tags("any", {"a": "b"})
    tracking.close_dead_runs(also=["any"])
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_one_that_mlflows_ui_has(tracking, client: MlflowClient) -> None:
    run = tracking.start_run("run", tags={})
    run.set_note("**best** 1")
    experiment = client.get_run(run.id).info.experiment_id
    view = "?workflowType=machine_learning"
    assert run.page == tracking.page(run.id) == f"#/experiments/{experiment}/runs/{run.id}{view}"
    assert tracking.page() == f"#/experiments/{experiment}/runs{view}"
    assert client.get_run(run.id).data.tags["mlflow.note.content"] == "**best** 1"
    scripts = Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js"
    [ui] = (file.read_text("utf-8") for file in scripts.glob("main.*.js"))
    for known in ("/experiments/:experimentId/runs", "/experiments/:experimentId/runs/:runUuid"):
        assert f'("{known}")' in ui
    assert '.get("workflowType")' in ui
    assert '="machine_learning"' in ui
