"""Which trials plots draw, and how: complete ones, pruned ones hollow, and lost ones as crosses."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from optuna.trial import FrozenTrial, TrialState

from tunesmith.report.axes import Objective, last_value
from tunesmith.report.figure import BEST, EARLY_TO_LATE, FAINT, POINT
from tunesmith.report.wording import value_text
from tunesmith.study import is_ranked, shown

# Of more trials those that are drawn are so many of the best, and of each other kind.
MOST = 1000

# A name, trials, their values or the edge instead, and what marks them.
_Group = tuple[str, Sequence[FrozenTrial], Sequence[Any], dict[str, Any]]
# Where a trial stands on the x axis.
Positions = Callable[[Sequence[FrozenTrial]], Any]


@dataclass(frozen=True)
class Drawn:
    """The trials that plots of an objective draw.

    Attributes:
        complete: Those with a value, by number.
        pruned: Those that were stopped early, each with a last value.
        lost: Those that came to no finite value: diverged or failed.
        thinned: What a caption says of complete trials that are left out.
        note: What it says of all of them.

    """

    complete: Sequence[FrozenTrial]
    pruned: Sequence[FrozenTrial]
    lost: Sequence[FrozenTrial]
    thinned: str
    note: str

    def having(self, name: str) -> "Drawn":
        """Return those that have a parameter."""

        def among(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
            return [t for t in trials if name in t.params]

        return replace(
            self,
            complete=among(self.complete),
            pruned=among(self.pruned),
            lost=among(self.lost),
        )


def drawn_of(objective: Objective, *, most: int = MOST) -> Drawn:
    """Choose the trials that are drawn: `most` of the best, and at random as many of each kind."""
    rest = [t for t in shown(objective.study) if t.params and not is_ranked(t)]
    ended = [t for t in rest if t.state.is_finished()]
    pruned = [t for t in ended if t.state == TrialState.PRUNED and last_value(t) is not None]
    known = {t.number for t in pruned}
    lost = [t for t in ended if t.number not in known and not _has_value(t)]
    complete, thinned = _best_and_random(objective, most), ""
    if len(complete) < len(objective.trials):
        whole = len(objective.trials)
        thinned = f" Drawn: the best {most:,} and a random {most:,} of {whole:,} complete trials."
    notes = [_mark_notes(pruned, lost), thinned]
    for name, trials in (("pruned", pruned), ("lost", lost)):
        if len(trials) > most:
            notes.append(f" Drawn: a random {most:,} of {len(trials):,} {name} trials.")
    return Drawn(complete, _random(pruned, most), _random(lost, most), thinned, "".join(notes))


def _has_value(trial: FrozenTrial) -> bool:
    # One that breaks a constraint has a finite value, but no rank.
    return trial.state == TrialState.COMPLETE and all(map(math.isfinite, trial.values))


def _mark_notes(pruned: Sequence[FrozenTrial], lost: Sequence[FrozenTrial]) -> str:
    said = ""
    if pruned:
        said += f" Hollow: {len(pruned):,} pruned, at their last value."
    if lost:
        said += f" Crosses at the edge: {len(lost):,} without a finite value."
    return said


def _best_and_random(objective: Objective, most: int) -> list[FrozenTrial]:
    ranked = objective.ranked
    if len(ranked) <= 2 * most:
        return list(objective.trials)
    return sorted([*ranked[:most], *sampled(ranked[most:], most)], key=lambda t: t.number)


def _random(trials: Sequence[FrozenTrial], most: int) -> Sequence[FrozenTrial]:
    return trials if len(trials) <= most else sampled(trials, most)


def sampled(trials: Sequence[FrozenTrial], count: int) -> list[FrozenTrial]:
    """Return some trials at random, the same each time, in their order."""
    chosen = np.random.default_rng(0).choice(len(trials), min(count, len(trials)), replace=False)
    return [trials[i] for i in sorted(chosen)]


def marks(
    objective: Objective, drawn: Drawn, positions: Positions, *, drawn_over: str | None = None
) -> list[Any]:
    """Return the traces of points: x by `positions`, y the value, or the edge for what has none.

    Args:
        objective: What the y axis shows.
        drawn: The trials.
        positions: Where they stand on the x axis.
        drawn_over: The parameter on the x axis, where later trials are stronger in colour; None
            where the x axis tells the age itself.

    """
    scale, target = objective.scale, objective.target
    inside = [t for t in drawn.complete if not scale.is_outside(target(t))]
    outside = [t for t in drawn.complete if scale.is_outside(target(t))]
    pruned = [(t, value) for t in drawn.pruned if (value := last_value(t)) is not None]
    edge = scale.worst
    numbers = np.array([t.number for t in inside])
    look = (
        {"color": numbers, "colorscale": EARLY_TO_LATE}
        if drawn_over is not None
        else {"color": POINT}
    )
    groups: list[_Group] = [
        ("pruned", [t for t, _ in pruned], [_cut(objective, v) for _, v in pruned], _HOLLOW),
        ("no finite value", drawn.lost, [edge for _ in drawn.lost], _CROSS),
        ("complete", inside, [target(t) for t in inside], {"size": 6, "opacity": 0.8, **look}),
        ("outside the axis", outside, [edge for _ in outside], _triangle(objective)),
        *_best(objective, drawn),
    ]
    if edge is None:
        groups = [group for group in groups if group[0] in ("complete", "best")]
    return [
        _points(name, trials, positions(trials), y, marker, drawn_over)
        for name, trials, y, marker in groups
        if trials
    ]


_HOLLOW = {"symbol": "circle-open", "size": 7, "color": FAINT, "line": {"width": 1.4}}
_CROSS = {"symbol": "x-thin-open", "size": 7, "color": FAINT, "line": {"width": 1.6}}


def _triangle(objective: Objective) -> dict[str, Any]:
    symbol = "triangle-down" if objective.maximizes else "triangle-up"
    return {"symbol": symbol, "size": 8, "color": POINT}


def _best(objective: Objective, drawn: Drawn) -> list[_Group]:
    known = {t.number for t in drawn.complete}
    first = [t for t in objective.ranked[:1] if t.number in known]
    values = [objective.target(t) for t in first]
    return [("best", first, values, {"symbol": "diamond", "size": 11, "color": BEST})]


def _cut(objective: Objective, value: float) -> float | None:
    """Return a pruned trial's value, that of one beyond the worst end at that end."""
    scale = objective.scale
    if scale.low is None or scale.high is None or not scale.is_outside(value):
        return value
    is_worse = value < scale.low if objective.maximizes else value > scale.high
    return scale.worst if is_worse else value


def _points(
    name: str,
    trials: Sequence[FrozenTrial],
    x: Any,
    y: Sequence[Any],
    marker: dict[str, Any],
    drawn_over: str | None,
) -> go.Scatter:
    said = [_told(t, drawn_over) for t in trials]
    return go.Scatter(
        x=x,
        y=np.array(y, dtype=float),
        mode="markers",
        name=name,
        marker=marker,
        text=said,
        hoverinfo="text",
        cliponaxis=False,
    )


def _told(trial: FrozenTrial, name: str | None) -> str:
    said = f"trial {trial.number}: {_value_text(trial)}"
    return said if name is None else f"{said}<br>{name} {value_text(trial.params[name])}"


def _value_text(trial: FrozenTrial) -> str:
    if trial.state == TrialState.COMPLETE:
        return ", ".join(f"{value:.6g}" for value in trial.values)
    value = last_value(trial)
    return trial.state.name.lower() if value is None else f"pruned at {value:.6g}"
