"""Quadratic response surfaces over the better trials: which way the loss falls, how surely.

A surface is quadratic in every numeric parameter and has one step for every choice; see Box and
Wilson, "On the Experimental Attainment of Optimum Conditions" (1951).
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tunesmith.advice.sample import Array, Sample

_RESAMPLES = 200
# Of so many samples it is kept what was computed: rules ask again for each parameter.
_SAMPLES = 4
# Below this share of explained variance, noise between good trials hides the shape of the loss.
_NOISY = 0.5
# From this share on, the surface is a good picture of the loss.
_SMOOTH = 0.6
# From this share of foretold variance on, few trials are enough to draw the surface.
_EXACT = 0.8


@dataclass(frozen=True)
class Surface:
    """Rows for a least-squares fit: best trial first, `columns[name]` are a parameter's columns."""

    design: Array
    response: Array
    columns: dict[str, list[int]]
    weights: Array

    def outward_share(self, name: str, *, upper: bool, at: float | None = None) -> float:
        """Return the share of bootstrap fits in which the loss still falls outwards at a position.

        The position defaults to the bound itself.
        """
        linear, square = self.columns[name]
        sign = -1.0 if upper else 1.0
        position = (float(upper) if at is None else at) - 0.5
        rng = np.random.default_rng(0)
        falls = 0
        for _ in range(_RESAMPLES):
            rows = rng.choice(len(self.response), size=len(self.response), p=self.weights)
            fit = _solve(self.design[rows], self.response[rows])
            falls += bool(sign * (fit[linear] + 2 * fit[square] * position) > 0)
        return falls / _RESAMPLES

    def explained(self, *, without: Collection[str] = ()) -> float:
        """Return the adjusted share of the variance that is explained, 1 for a perfect fit."""
        dropped = {column for name in without for column in self.columns[name]}
        design = self.design[:, [c for c in range(self.design.shape[1]) if c not in dropped]]
        rest = self.response - design @ _solve(design, self.response)
        freedom = max(1, len(rest) - int(np.linalg.matrix_rank(design)))
        if np.ptp(self.response) == 0:
            return 0.0
        return 1 - float(rest @ rest) / freedom / float(np.var(self.response, ddof=1))

    def foretold(self) -> float:
        """Return the share of the variance that fits without each trial foretell, 1 at most.

        Allen, "The Relationship Between Variable Selection and Data Augmentation and a Method for
        Prediction" (1974).
        """
        hat = self.design @ _solve(self.design, np.eye(len(self.response)))
        missed = (self.response - hat @ self.response) / np.maximum(1e-9, 1 - np.diag(hat))
        if np.ptp(self.response) == 0:
            return 0.0
        return 1 - float(missed @ missed) / len(missed) / float(np.var(self.response))


def overall(sample: Sample) -> Surface:
    """Describe the ranks of all trials; better trials are drawn more often."""
    count = len(sample.trials)
    weights = np.exp(-2.0 * np.arange(count) / count)
    design, columns = _design(sample)
    return Surface(design, np.linspace(0, 1, count), columns, weights / weights.sum())


def local(sample: Sample, share: float) -> Surface:
    """Describe the losses of the best `share` of the trials, more where the fit needs more."""
    design, columns = _design(sample)
    count = min(len(sample.trials), max(int(share * len(sample.trials)), 2 * design.shape[1] + 4))
    losses = sample.losses[:count] - sample.losses[0]
    scale = float(np.std(losses)) or 1.0
    return Surface(design[:count], losses / scale, columns, np.full(count, 1 / count))


@lru_cache(maxsize=_SAMPLES)
def is_noisy(sample: Sample) -> bool:
    """Tell whether the differences among the better trials look like noise."""
    return local(sample, 0.4).explained() <= _NOISY


@lru_cache(maxsize=_SAMPLES)
def is_smooth(sample: Sample) -> bool:
    """Tell whether a quadratic surface describes the better trials, near and further off."""
    return min(local(sample, share).explained() for share in (0.4, 0.6)) >= _SMOOTH


def is_exact(sample: Sample) -> bool:
    """Tell whether a surface foretells each of the better trials from the others."""
    return local(sample, 0.4).foretold() >= _EXACT


@lru_cache(maxsize=_SAMPLES)
def _design(sample: Sample) -> tuple[Array, dict[str, list[int]]]:
    parts, columns, width = [np.ones((len(sample.trials), 1))], {}, 1
    for name in sample.dists:
        part = _columns(sample, name)
        parts.append(part)
        columns[name] = list(range(width, width + part.shape[1]))
        width += part.shape[1]
    return np.hstack(parts), columns


def _columns(sample: Sample, name: str) -> Array:
    steps: Array
    if name in sample.units:
        centered = sample.units[name] - 0.5
        return np.column_stack([centered, centered**2])
    chosen = [t.params[name] for t in sample.trials]
    choices = sample.categorical[name].choices[1:]
    steps = np.array([[float(c == choice) for choice in choices] for c in chosen])
    return steps


def _solve(design: Array, response: Array) -> Array:
    # Nearly no ridge: just enough for a choice that a resample happens to leave out.
    ridge = 1e-6 * len(response) * np.eye(design.shape[1])
    return np.asarray(np.linalg.solve(design.T @ design + ridge, design.T @ response), np.float64)
