"""A table of wrong commands: each gives one line that says what to type, and writes nothing.

They run in this process; tests/test_bad_input.py types some of their kind into a shell.
"""

import importlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, environment
from tests.data.houses import houses
from tests.in_process import refuse_here
from tests.wrong_commands import FILES, NEW, PROGRAMS, TYPED
from tunesmith.sweeper import FIRST_SIGN

# What is typed after `python train.py`, and what its one line holds. MLP, QUADRATIC: a search.
MLP = "-m hparams_search=mlp"
QUADRATIC = "-m hparams_search=quadratic"
PACKAGE = "lightning.pytorch.loggers"
VALUES = [
    ("model.n_nodes=abc", "'abc'", "model.n_nodes=2"),
    ("optimizer=adamm", "adamm", "optimizer=adam"),
    ("model.n_layers=0", "got 0", "model.n_layers=2"),
    ("ckpt_path=nowhere.ckpt", "nowhere.ckpt", "ckpt_path=null"),
    ("model.n_layers=1,2", "model.n_layers=1,2", "--multirun"),
    (f"{MLP} hydra.sweeper.n_trials=many", "many", "n_trials=100"),
    (f"{MLP} 'model.n_layers=int(interval(4,1))'", "interval(4,1)", "interval(LOW,HIGH)"),
    (f"{MLP} 'model.n_layers=interval(1,4)'", "got 1.0", "model.n_layers=2"),
    ("model=lightgbm", "model", "objective=lightgbm"),
    (f"{MLP} metric.name=val/loss", "'val/loss'", "metric.name=val/mse"),
    (f"{MLP} objective=lightgbm", "model.n_layers", "without objective=lightgbm"),
    ("model.activation=rellu", "'rellu'", "model.activation=relu"),
    ("optimizer.lr=-1", "got -1", "optimizer.lr=0.01"),
    ("optimizer.lr=nan", "got nan", "optimizer.lr=0.01"),
    ("data.n_samples=1", "got 1", "data.n_samples=10000"),
    ("data.batch_size=0", "got 0", "data.batch_size=256"),
    ("data.test_seed=42", "got 42", "data.test_seed=43"),
    ("trainer.max_epochs=0", "got 0", "trainer.max_epochs=1000"),
    (f"{MLP} hydra/sweeper/sampler=tpee", "tpee", "hydra/sweeper/sampler=tpe"),
    (f"{MLP} hydra/sweeper/pruner=mediam", "mediam", "hydra/sweeper/pruner=median"),
    (f"{MLP} hydra/sweeper/sampler=grid", "grid", "hydra/sweeper/sampler=tpe"),
    (f"{MLP} hydra.sweeper.n_trials=0", "got 0", "hydra.sweeper.n_trials=100"),
    (f"{MLP} hydra.sweeper.n_trial=3", "hydra.sweeper.n_trial", "hydra.sweeper.n_trials"),
    (f"{MLP} model.n_layers=range(3,3)", "range(3,3)", "interval(LOW,HIGH)"),
    (f"{MLP} optimizer.lr=tag(log,interval(0,1))", "interval(0,1)", "LOW above 0"),
    (f"{MLP} model.n_layer=int(interval(1,4))", "model.n_layer", "model.n_layers"),
    (f"{MLP} optimizer=choice(sgd,adan)", "adan", "optimizer=adam"),
    ("model=mlp objective=lightgbm", "tunesmith.models.MLPRegressor", "model=lightgbm"),
    ("metric.name=val/loss", "'val/loss'", "metric.name=val/mse"),
    ("objective=lightgbm metric.name=val/loss", "'val/loss'", "metric.name=val/mse"),
    ("+trainer.max_epoch=3", "trainer", "max_epoch"),
    ("~optimizer", "'optimizer'", "model.optimizer"),
    (f"{MLP} model=lightgbm", "model", "objective=lightgbm"),
    ("-m hparams_search=lightgbm model=mlp", "model=lightgbm", "without model=mlp"),
    ("-m model.n_layers=1,0", "got 0", "model.n_layers=2"),
    (f"{MLP} hydra.sweeper.sampler._target_=optuna.NoSuch", "optuna.NoSuch", "optuna.N"),
    (
        f"{MLP} hydra.sweeper.sampler._target_=optuna.samplers.RandomSampler",
        "consider_prior",
        "hydra/sweeper/sampler=none hydra.sweeper.sampler._target_=optuna.samplers.Random",
    ),
    (f"{MLP} hydra/sweeper/sampler=none", "names no sampler", "sampler._target_=optuna"),
    (f"{MLP} hydra/sweeper/sampler=brute_force", "brute force", "sampler=tpe"),
    (f"{QUADRATIC} hydra.sweeper.code_change=no", "got 'no'", "one of refuse, continue, new"),
]
SWEEPER_KEYS = [
    (f"{QUADRATIC} '+hydra.sweeper.search_space={{x: 1}}'", "'search_space'", "sweeper.params="),
    (f"{QUADRATIC} +hydra.sweeper.n_trail=3", "no key 'n_trail'", "mean hydra.sweeper.n_trials?"),
    (f"{QUADRATIC} +hydra.sweeper.foo=3", "no key 'foo'", "did you mean hydra.sweeper."),
]
KEYS = [
    (
        "experiment=foo",
        "experiment has no options",
        "type experiment=NAME, or leave it out",
    ),
    (f"{MLP} sampler=bayes", "'sampler'", "did you mean hydra/sweeper/sampler?"),
    (f"{MLP} pruner=none", "'pruner'", "did you mean hydra/sweeper/pruner?"),
    ("pruner=none", "'pruner' without a search", "add -m hparams_search=NAME"),
    ("hydra.sweeper.n_trials=20", "without a search", "hparams_search=NAME (one of function, "),
    ("-m hydra.sweeper.n_trials=20", "without a search", "which has hydra.sweeper.n_trials"),
    ("-m hydra/sweeper/sampler=tpe", "without a search", "which has hydra/sweeper/sampler"),
    (f"{MLP} hydra/sweeper/sampler=bayes", "'bayes'", "brute_force, cmaes, gp, grid,"),
    ("lr=0.1", "'lr'", "did you mean optimizer.lr?"),
    ("epochs=50", "'epochs'", "did you mean trainer.max_epochs?"),
    ("optim.lr=0.1", "'optim.lr'", "did you mean optimizer.lr?"),
    ("model.n_layer=3", "'model.n_layer'", "did you mean model.n_layers?"),
    ("foo=3", "'foo'", "; +foo=VALUE adds one"),
    ("hydra.run.dirr=x", "'hydra.run.dirr'", "did you mean hydra.run.dir?"),
]
FLAGS = [
    ("--epochs 50", "no flag --epochs", "try trainer.max_epochs=50"),
    ("--epochs=50", "no flag --epochs", "try trainer.max_epochs=50"),
    ("seed=1 --lr 0.1", "no flag --lr", "try optimizer.lr=0.1"),
    (f"{MLP} --n-trials 50", "no flag --n-trials", "try hydra.sweeper.n_trials=50"),
    ("--foo", "no flag --foo", "KEY=VALUE"),
    ("--run hparams_search=mlp", "hparams_search=mlp is a search", "leave out --run"),
    ("-m --run seed=1", "--run and -m", "leave out --run"),
    (f"{MLP} --cfg job", "-m and --cfg", "leave out -m"),
    ("--resolve", "--resolve", "--cfg job --resolve"),
    ("--cfg jobs", "'jobs'", "'job'"),
    ("--config-name nothere", "nothere.yaml", "its folder by --config-dir,"),
]
CHOICES = [
    ("optimizer=null", "optimizer=null", "try optimizer=adam, adamw, sgd"),
    (f"{MLP} optimizer=null", "optimizer=null", "try optimizer=adam"),
    ("optimizer=3", "optimizer=3", "try optimizer=adam"),
    ("'optimizer={a: 1}'", "optimizer", "try optimizer=adam"),
    ("hparams_search=null", "hparams_search=null", "or ~hparams_search"),
    (f"{MLP} hydra/sweeper/pruner=null", "pruner=null", "try hydra/sweeper/pruner=none"),
    ("-m hparams_search=quadratic,mlp", "one search", "try hparams_search=quadratic, and"),
    ("hparams_search=choice(mlp,quadratic)", "one search", "try hparams_search=mlp, and"),
    ("-m hparams_search=glob(*)", "one search", "try hparams_search=function"),
    (f"{QUADRATIC} hydra.sweeper.n_trials=3,4", "n_trials=3,4", "not supported"),
    (f"{MLP} objective=glob(*)", "objective=glob(*)", "try objective=choice(A,B)"),
    ("objective=glob(*)", "objective=glob(*)", "or --multirun"),
    ("loggers=csv", "got 'csv'", "try +loggers.csv._target_="),
    ("+loggers.x=csv", "loggers.x must be a node", "try +loggers.csv._target_="),
]
LOGGERS = [
    (f"+loggers.x._target_={PACKAGE}.WandbLogger", "loggers.x cannot be", "pip install -U 'wandb"),
    (f"{MLP} +loggers.x._target_={PACKAGE}.CometLogger", "loggers.x cannot be", "-U 'comet-ml"),
    (f"+loggers.x._target_={PACKAGE}.CSVLoggr", "loggers.x: ", "No module named"),
    (
        f"+loggers.x._target_={PACKAGE}.CSVLogger +loggers.x.flush=1",
        "'flush'",
        "the arguments of lightning.pytorch.loggers.CSVLogger",
    ),
]
METRICS = [
    (f"{MLP} metric.name=test/mse", "metric.name=test/mse", "try metric.name=val/mse"),
    (f"{MLP} metric.name=val/auc", "got 'val/auc'", "try metric.name=val/mse"),
    (
        "-m hparams_search=mlp_pareto metric.name=[val/mse,test/mse]",
        "metric.name=test/mse",
        "try metric.name=val/mse",
    ),
    ("metric.name=val/auc", "got 'val/auc'", "try metric.name=val/mse"),
]
NAMES = [
    (f"{QUADRATIC} hydra.sweeper.study_name={name}", repr(name), f"study_name={other}")
    for name, other in (
        ("../../evil", "evil"),
        ("/tmp/evil", "tmp-evil"),
        ("..", "NAME"),
        ("a/b", "a-b"),
        ("x" * 250, "x" * 40),
    )
]
SINGLE = [
    ("+hydra.sweeper.n_trials=20", "hydra.sweeper.n_trials is for a search", "add -m"),
    ("-m +hydra.sweeper.n_trials=20", "hydra.sweeper.n_trials is for a search", "add -m"),
    ("-m seed=1,2 hydra.sweeper.max_batch_size=0", "got 0", "max_batch_size=8"),
]
GRAMMAR = [
    (
        f"{MLP} model.activation=choice(日本,relu)",
        "'日'",
        """type 'model.activation=choice("日本",relu)'""",
    ),
    (
        f"{MLP} model.activation=choice(#1,relu)",
        "'#'",
        """type 'model.activation=choice("#1",relu)'""",
    ),
    (f'{MLP} "model.activation=choice(it\'s,relu)"', '"\'" must', "choice(\"it'\"'\"'s\",relu)'"),
    (f"{MLP} model.activation=relu,日本", "'日' must", """model.activation=relu,"日本"'"""),
    (
        f"{MLP} model.activation=choice(relu,tanh",
        "brackets",
        "type 'model.activation=choice(relu,tanh)'",
    ),
    (
        f"{MLP} model.activation=choice(e=f,g)",
        "choice(e=f,g)",
        """'model.activation=choice("e=f",g)'""",
    ),
    (f"{MLP} model.activation=choices(a,b)", "'choices'", "try model.activation=choice(A,B)"),
    (
        f"{MLP} optimizer.lr=interval(0,1,log)",
        "too many",
        "optimizer.lr=tag(log,interval(LOW,HIGH))",
    ),
    (f"{MLP} optimizer.lr=interval(1)", "'end'", "try optimizer.lr=interval(LOW,HIGH)"),
    (f"{MLP} tag(log,optimizer.lr=interval(1e-4,1))", "the key 'tag(", "type KEY=VALUE"),
    (f"{MLP} optimizer=glob(*)", "optimizer=glob(*)", "try optimizer=choice(A,B)"),
    (f"{MLP} optimizer.lr=tag(log,interval(0,0.1))", "interval(0,0.1)", "with LOW above 0"),
    (f"{MLP} model.n_nodes=tag(log,int(interval(0,8)))", "interval(0,8)", "with LOW above 0"),
    ("model.activation=#1", "'#' must", """type 'model.activation="#1"'"""),
    ("'data.path=/tmp/my file (1).csv'", "'('", """type 'data.path="/tmp/my file (1).csv"'"""),
    ("data.path=/tmp/a b/x.csv", "'b/x.csv'", """type 'data.path="/tmp/a b/x.csv"'"""),
    ("data.path=x=y.csv", "'=' must", """type 'data.path="x=y.csv"'"""),
    ("'tags=[a;b,c]'", "';' must", """type 'tags=["a;b",c]'"""),
    ("'tags=[a,b]]'", "']' closes nothing", "in quotes"),
    ("model.n_layers 3", "'model.n_layers' is no KEY=VALUE", "type model.n_layers=3"),
    ("mlp", "'mlp' is no KEY=VALUE", "type hparams_search=mlp or model=mlp"),
]


ROWS = [
    *(*VALUES, *SWEEPER_KEYS, *KEYS, *FLAGS, *CHOICES, *LOGGERS, *METRICS, *NAMES, *SINGLE),
    *GRAMMAR,
    *NEW,
]
# What a dry run refuses as well, one of a kind: it promises to check everything.
PROMISED = [LOGGERS[0], LOGGERS[1], METRICS[0], METRICS[2], NAMES[0]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a table and the wrong files."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    houses().to_csv(tmp_path / "houses.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_many_ways_and_none_is_listed_twice() -> None:
    assert len(NEW) + len(PROGRAMS) >= 150
    assert len(set(TYPED)) >= 20
    assert len({typed for typed, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("typed", "came", "way_out"), ROWS)
def test_a_wrong_command_is_one_line(tmp_path: Path, typed: str, came: str, way_out: str) -> None:
    said = refuse_here(*shlex.split(typed), root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


@pytest.mark.parametrize(("typed", "came", "way_out"), PROMISED)
def test_a_dry_run_refuses_it_too(tmp_path: Path, typed: str, came: str, way_out: str) -> None:
    said = refuse_here(*shlex.split(typed), "dry_run=true", root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


@pytest.mark.parametrize(("program", "typed", "came", "way_out"), PROGRAMS)
def test_the_other_programs_say_it_in_one_line_too(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    program: str,
    typed: str,
    came: str,
    way_out: str,
) -> None:
    before = contents(folder)
    module = importlib.import_module(
        f"{program}.__main__" if program.endswith("report") else program
    )
    try:
        code, said = module.main(shlex.split(typed)), capsys.readouterr().err.rstrip("\n")
    except SystemExit as ended:
        code, said = 1, str(ended.code)
    assert code == 1
    assert "\n" not in said
    assert came in said
    assert way_out in said
    assert contents(folder) == before


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("line", TYPED)
def test_a_shell_gets_one_line_and_exit_code_1(folder: Path, line: str) -> None:
    before = contents(folder)
    line = line.replace("train.py", str(ROOT / "train.py"), 1)
    line = line.replace("python", sys.executable, 1)
    done = subprocess.run(
        line, shell=True, env=environment(), capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 1
    assert done.stdout in ("", f"{FIRST_SIGN}\n")
    assert done.stderr.count("\n") == 1
    assert contents(folder) == before
