"""The rule about seeds: differences among the leaders that are smaller than their noise."""

import math

from tunesmith.advice.advice import Advice, number
from tunesmith.study import Candidate, Confirmation


def advise_noise(confirmation: Confirmation | None, *, maximize: bool) -> list[Advice]:
    """Warn when the two best re-trained candidates differ by less than two standard errors."""
    if confirmation is None:
        return []
    rivals = [
        c for c in confirmation.candidates if c.label != confirmation.baseline and len(c.values) > 1
    ]
    if len(rivals) < 2:
        return []
    first, second = sorted(rivals, key=lambda c: -c.mean if maximize else c.mean)[:2]
    error = math.sqrt(_squared_error(first) + _squared_error(second))
    difference = abs(first.mean - second.mean)
    if difference >= 2 * error:
        return []
    return [
        Advice(
            rule="noise",
            sentence="Do not read the ranking of the leaders: other seeds would order them anew",
            evidence=f"{first.label} and {second.label} differ by {number(difference)} on average, "
            f"their standard error over seeds is {number(error)}",
        )
    ]


def _squared_error(candidate: Candidate) -> float:
    return candidate.deviation**2 / len(candidate.values)
