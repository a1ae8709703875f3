"""Numbers, durations and the one-line state of a study, as the page and the terminal print them."""

import math
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from tunesmith.report.context import Compared
from tunesmith.study import Candidate, Confirmation, Summary, deviation_of, trial_numbered

# With more zeros after the point a number is written with an exponent.
_MOST_PLACES = 7


def value_text(value: object) -> str:
    """Write a value for reading: floats with six significant digits, all else as it is."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Write seconds as "0.5 s", "3 min 20 s" or "2 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def headline(summary: Summary) -> str:
    """Say where the study stands, in one sentence."""
    states = summary.states
    if not states:
        return "No trial has been started yet."
    if count := states.get("running"):
        return f"Running: {count} trial{'s' * (count > 1)} under way, what is finished is shown."
    if summary.best is None and not summary.front:
        return "No trial is complete with a finite value yet, so there is nothing to rank."
    goal = " and ".join(
        f"{direction} {metric}"
        for direction, metric in zip(summary.directions, summary.metrics, strict=True)
    )
    return f"Search to {goal}."


def confirmed(confirmation: Confirmation, metric: str) -> str:
    """Say what training again on new seeds shows of the winner, in sentences."""
    winner = confirmation[confirmation.winner]
    words = [f"Trained again on {len(winner.values)} new seeds, {winner.label} comes out best: "]
    words.append(f"{metric} {spread(winner.mean, winner.deviation)}.")
    if winner.optimism is not None:
        words.append(
            f" Its search value was {value_text(winner.search_value)}: {flattery(winner)}."
        )
    # The baseline may be the winner.
    tested = dict.fromkeys(filter(None, (confirmation.winner, confirmation.baseline)))
    words.extend(_tested(confirmation[name]) for name in tested)
    return "".join(words)


def winner_of(study: optuna.Study, confirmation: Confirmation | None) -> FrozenTrial | None:
    """Return the trial that came out best on new seeds; None where none was trained again."""
    number = None if confirmation is None else confirmation[confirmation.winner].trial
    return None if number is None else trial_numbered(study, number)


def on_new_seeds(confirmation: Confirmation) -> str:
    """Return the winner's mean on new seeds with its deviation."""
    winner = confirmation[confirmation.winner]
    return spread(winner.mean, winner.deviation)


def flattery(candidate: Candidate) -> str:
    """Say in which direction the search's value differs from the mean on new seeds."""
    gap = gap_text(candidate)
    is_flattered = bool(gap) and float(gap) > 0
    return f"the search flattered it by {gap}" if is_flattered else "the search did not flatter it"


def gap_text(candidate: Candidate) -> str:
    """Write the optimism gap to the digits that the deviation leaves; empty without one."""
    if candidate.optimism is None:
        return ""
    if math.isclose(candidate.mean, candidate.search_value or 0.0, rel_tol=1e-12):
        return "0"  # Not the last bits of a mean, nor a zero with a sign.
    places = _places(candidate.deviation)
    if places is None or abs(places) > _MOST_PLACES:
        return f"{candidate.optimism:.3g}"
    return _fixed(candidate.optimism, places)


def beside(compared: Sequence[Compared], metric: str) -> str:
    """Say how the winner does beside models that nobody tuned, which come in their order."""
    tested = all(one.test is not None for one in compared)
    rows = "test" if tested else "validation"
    told = ", ".join(
        f"{one.name} {value_text(one.test if tested else one.validation)}" for one in compared
    )
    first, name = compared[0], metric.rpartition("/")[2]
    said = f"{name} on the {rows} rows, the best first: {told}."
    return said if first.is_winner else f"{said} The search found nothing better than {first.name}."


def _tested(candidate: Candidate) -> str:
    if candidate.test_mean is None:
        return ""
    result = spread(candidate.test_mean, candidate.test_deviation)
    return f" On test, {candidate.label} reaches {result}."


def measured(trial: FrozenTrial, metric: str, value: float) -> str:
    """Return a complete trial's value, with its deviation where its repetitions differ."""
    deviation = deviation_of(trial, metric)
    return spread(value, deviation) if deviation else value_text(value)


def spread(mean: float, deviation: float) -> str:
    """Write a mean with its standard deviation, of which two digits count."""
    places = _places(deviation)
    if places is None or not math.isfinite(mean):
        return f"{value_text(mean)} ± {value_text(deviation)}"
    if abs(places) > _MOST_PLACES:
        power = math.floor(math.log10(max(abs(mean), deviation)))
        return f"({spread(mean / 10.0**power, deviation / 10.0**power)})e{power:+03d}"
    return f"{_fixed(mean, places)} ± {_fixed(round(deviation, places), places)}"


def _places(deviation: float) -> int | None:
    """Return the place after the point of a deviation's second digit; None if it has no digits."""
    if not (math.isfinite(deviation) and deviation > 0):
        return None
    return 1 - math.floor(math.log10(deviation))


def _fixed(value: float, places: int) -> str:
    return f"{value:.{max(0, places)}f}"
