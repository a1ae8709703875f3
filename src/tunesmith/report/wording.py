"""Numbers, durations and the one-line state of a study, as the page and the terminal print them."""

from optuna.trial import FrozenTrial

from tunesmith.study import Candidate, Confirmation, Summary, deviation_of


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
        words.append(f" Its search value was {value_text(winner.search_value)}, ")
        words.append(f"an optimism gap of {value_text(winner.optimism)} (search value minus mean).")
    words.extend(
        _tested(confirmation[name]) for name in (confirmation.winner, confirmation.baseline) if name
    )
    return "".join(words)


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
    """Write a mean with its standard deviation."""
    return f"{mean:.4g} ± {deviation:.2g}"
