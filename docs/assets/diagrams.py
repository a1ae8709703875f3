"""Draw the diagrams of the pages: python docs/assets/diagrams.py writes them beside this file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LINE, TOP, SIDE = 18, 26, 14
INK, SOFT, EDGE = "#1f2440", "#565d7e", "#8a93c4"
FILLS = {"plain": "#ffffff", "ours": "#e8ebfb", "store": "#fdf3dc", "result": "#e4f5ea"}
STYLE = (
    f"text{{font-family:system-ui,sans-serif;font-size:13px;fill:{SOFT}}}"
    f".t{{font-weight:600;font-size:14px;fill:{INK}}}"
    f".m{{font-family:ui-monospace,monospace;font-size:12.5px;fill:{INK}}}"
)
ARROW = (
    '<marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    f'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="{EDGE}"/></marker>'
)


@dataclass(frozen=True)
class Box:
    """A titled box; a line that begins with a word and a colon names a module."""

    x: int
    y: int
    width: int
    title: str
    lines: Sequence[str] = ()
    kind: str = "plain"

    @property
    def height(self) -> int:
        """How much room its lines take."""
        return TOP + 10 + LINE * len(self.lines)

    def at(self, side: str) -> tuple[int, int]:
        """Return the middle of a side: left, right, top or bottom."""
        x, y = self.x + self.width // 2, self.y + self.height // 2
        return {
            "left": (self.x, y),
            "right": (self.x + self.width, y),
            "top": (x, self.y),
            "bottom": (x, self.y + self.height),
        }[side]

    def draw(self) -> Iterator[str]:
        """Yield its rectangle and its texts."""
        yield (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="7" '
            f'fill="{FILLS[self.kind]}" stroke="{EDGE}"/>'
        )
        yield f'<text class="t" x="{self.x + SIDE}" y="{self.y + TOP - 5}">{self.title}</text>'
        for number, line in enumerate(self.lines, start=1):
            name, colon, rest = line.partition(": ")
            told = f'<tspan class="m">{name}</tspan> {rest}' if colon else line
            yield f'<text x="{self.x + SIDE}" y="{self.y + TOP - 3 + LINE * number}">{told}</text>'


def arrow(
    start: tuple[int, int], end: tuple[int, int], *, both: bool = False, dashed: bool = False
) -> str:
    """Return a straight arrow."""
    (x, y), (to_x, to_y) = start, end
    back = ' marker-start="url(#a)"' if both else ""
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<path d="M{x} {y} L{to_x} {to_y}" fill="none" stroke="{EDGE}" stroke-width="1.6"'
        f'{dash} marker-end="url(#a)"{back}/>'
    )


def label(x: int, y: int, text: str) -> str:
    """Return a text beside an arrow."""
    return f'<text x="{x}" y="{y}">{text}</text>'


def picture(name: str, width: int, height: int, title: str, parts: Sequence[str]) -> None:
    """Write one picture, on a ground of its own: it is read in light and dark pages."""
    (HERE / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{title}</title><style>{STYLE}</style><defs>{ARROW}</defs>\n"
        f'<rect width="{width}" height="{height}" rx="10" fill="#f7f8fd"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n",
        encoding="utf-8",
    )


def concepts() -> None:
    """Draw what a search is."""
    command = Box(20, 24, 210, "Command", ["typed once, or again,", "or on two machines"])
    config = Box(20, 150, 210, "Config", ["Hydra composes values", "and the space to search"])
    workers = [
        Box(300, 24 + 76 * number, 200, name, ["ask, train, report, tell"], "ours")
        for number, name in enumerate(("Worker", "Worker", "Worker elsewhere"))
    ]
    study = Box(
        580, 62, 160, "Study", ["trials and slots", "in a database:", "it continues"], "store"
    )
    confirm = Box(560, 262, 180, "Confirmation", ["best 3 and baseline", "on new seeds"], "ours")
    result = Box(300, 262, 200, "Results", ["winner and its model", "report and advice"], "result")
    following = Box(
        20, 262, 210, "Next search", ["the advised space,", "a command to run"], "result"
    )
    boxes = [command, config, *workers, study, confirm, result, following]
    arrows = [
        arrow(command.at("bottom"), config.at("top")),
        *(arrow(config.at("right"), worker.at("left")) for worker in workers),
        *(arrow(worker.at("right"), study.at("left"), both=True) for worker in workers),
        arrow(study.at("bottom"), (660, 262)),
        label(668, 212, "all trials"),
        arrow(confirm.at("left"), result.at("right")),
        arrow(result.at("left"), following.at("right"), dashed=True),
    ]
    parts = [*arrows, *(part for box in boxes for part in box.draw())]
    picture("concepts", 760, 356, "A search: command, workers, study, confirmation, results", parts)


def search() -> None:
    """Draw how a command becomes a search."""
    cli = Box(20, 20, 230, "Command line", ["cli: train.py", "Hydra composes the config"])
    sweeper = Box(300, 20, 220, "Multirun", ["sweeper: hands over to"], "ours")
    plan = Box(300, 110, 220, "Search", ["search: plan, begin,", "stages, results"], "ours")
    workers = Box(
        300,
        218,
        220,
        "Workers",
        ["study: Optuna's loop,", "here, in processes, or as", "jobs of a launcher"],
        "ours",
    )
    run = Box(
        20,
        218,
        230,
        "Trial, or single run",
        ["objectives: evaluate(cfg)", "context: role, paths, run", "a Hydra job in this process"],
        "ours",
    )
    store = Box(580, 218, 160, "Database", ["of the study"], "store")
    tracking = Box(20, 346, 230, "Runs", ["tracking: MLflow"], "store")
    report = Box(580, 110, 160, "Report", ["advice: rules", "report: the page"], "result")
    boxes = [cli, sweeper, plan, workers, run, store, tracking, report]
    arrows = [
        arrow(cli.at("right"), (300, 56)),
        label(254, 42, "-m"),
        arrow((135, 92), (135, 218)),
        label(143, 160, "single run"),
        arrow(sweeper.at("bottom"), plan.at("top")),
        arrow(plan.at("bottom"), workers.at("top")),
        arrow(workers.at("left"), run.at("right"), both=True),
        arrow((520, 245), (580, 245), both=True),
        arrow(run.at("bottom"), tracking.at("top")),
        arrow(plan.at("right"), report.at("left")),
        arrow(store.at("top"), report.at("bottom")),
    ]
    parts = [*arrows, *(part for box in boxes for part in box.draw())]
    picture("search", 760, 420, "From the command line to a search's report", parts)


def data() -> None:
    """Draw how a file becomes rows of numbers."""
    read = Box(
        20,
        20,
        350,
        "Read a file",
        [
            "file: by its ending",
            "text_file: text, some rows at a time",
            "text_form: encoding, separator, names",
            "typed_form: what no file can have",
            "encodings: which one, or what it reads like",
            "workbook: a sheet of .xlsx",
            "file_table: columns of plain types",
            "names: a name for each column",
            "numbers: 1,234.5, 12 %, $5",
            "dates: which format, and as numbers",
        ],
        "plain",
    )
    source = Box(
        390,
        20,
        350,
        "A table for one target",
        [
            "table_source: features, target, split keys",
            "columns: what each column is",
            "target: the task, and rows that have one",
            "held_out_file: rows to test with, from a file",
            "leaks: do rows belong together?",
            "split_keys: groups and times",
            "split_plan: the split, as it was typed",
        ],
        "ours",
    )
    rows = Box(
        390,
        220,
        350,
        "Rows as numbers",
        [
            "table_rows: split, then turned into numbers",
            "split: train, validate, test, folds",
            "preprocessing: fitted on the training rows",
        ],
        "ours",
    )
    module = Box(
        390,
        340,
        350,
        "What an objective takes",
        [
            "table: TableDataModule",
            "cubic: CubicDataModule",
            "tabular: what both share",
            "batches: tensors for Lightning",
            "summary: the lines before the first trial",
        ],
        "result",
    )
    raw = Box(
        20,
        340,
        350,
        "Raw rows, to predict",
        ["raw_rows: which columns, and readable?", "for predict and load_model"],
        "result",
    )
    boxes = [read, source, rows, module, raw]
    arrows = [
        arrow((370, 100), (390, 100)),
        arrow(source.at("bottom"), rows.at("top")),
        arrow(rows.at("bottom"), module.at("top")),
        arrow(read.at("bottom"), raw.at("top")),
    ]
    parts = [*arrows, *(part for box in boxes for part in box.draw())]
    picture("data", 760, 490, "The modules of tunesmith.data", parts)


def objectives() -> None:
    """Draw the way from a trial to a model that predicts."""
    trial = Box(
        20,
        20,
        350,
        "One trial, or single run",
        [
            "trial: run_trial(cfg), from config to values",
            "record_config: what of the config is recorded",
            "result: what a single run prints",
        ],
        "plain",
    )
    parts_box = Box(
        20,
        150,
        350,
        "The mean of several fits",
        ["parts: over seeds (repeat) and folds"],
        "ours",
    )
    fits = Box(
        390,
        20,
        350,
        "An objective",
        [
            "objective: evaluate, check, restore",
            "lightning: a network",
            "lightgbm: boosted trees",
            "scikit_learn: any estimator",
            "optuna_file: def objective(trial)",
            "tabular_fit: scores and plots of tables",
        ],
        "ours",
    )
    deliver = Box(
        20,
        250,
        350,
        "What is left",
        [
            "delivery: fitted on all rows but the test's",
            "kept_predictor: predictor.pkl, without data",
        ],
        "ours",
    )
    loaded = Box(
        390,
        250,
        350,
        "What is found again",
        [
            "loaded: tunesmith.load, load_model",
            "predict: the rows of a file",
        ],
        "result",
    )
    boxes = [trial, parts_box, fits, deliver, loaded]
    arrows = [
        arrow(trial.at("bottom"), parts_box.at("top")),
        arrow((370, 165), (390, 140)),
        arrow(parts_box.at("bottom"), deliver.at("top")),
        arrow(deliver.at("right"), loaded.at("left")),
    ]
    parts = [*arrows, *(part for box in boxes for part in box.draw())]
    picture("objectives", 760, 350, "From a trial to a model that predicts", parts)


if __name__ == "__main__":
    for draw in (concepts, search, data, objectives):
        draw()
