"""What a worker process is given: its share of the threads and of the GPUs."""

import pytest

from tunesmith.search.worker_environment import (
    threads_of_a_worker,
    visible_gpus,
    worker_environment,
)


def test_several_gpus_are_dealt_out_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2,5")
    gpus = visible_gpus({"CUDA_VISIBLE_DEVICES": "0,2,5"})
    dealt = [worker_environment(i, n_jobs=4, gpus=gpus)["CUDA_VISIBLE_DEVICES"] for i in range(4)]
    assert dealt == ["0", "2", "5", "0"]


@pytest.mark.parametrize("visible", ["", "3"])
def test_none_or_one_gpu_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, visible: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    gpus = visible_gpus({"CUDA_VISIBLE_DEVICES": visible})
    assert worker_environment(1, n_jobs=2, gpus=gpus)["CUDA_VISIBLE_DEVICES"] == visible


def test_the_threads_are_divided_among_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(12)), raising=False)
    assert [threads_of_a_worker(n) for n in (1, 4, 5, 24)] == [12, 3, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads_of_a_worker(4) == 2
