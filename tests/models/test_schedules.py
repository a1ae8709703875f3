"""The rates that the schedules give over the steps of a fit."""

from collections.abc import Callable

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler

from tunesmith.models import constant_schedule, cosine_schedule, one_cycle_schedule

PEAK = 0.1
N_STEPS = 20


def rates(schedule: Callable[..., LRScheduler | None], **arguments: float) -> list[float]:
    """The rate of each step of a fit."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    scheduler = schedule(optimizer, total_steps=N_STEPS, **arguments)
    found = []
    for _ in range(N_STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return found


def test_a_constant_rate_is_the_optimizers() -> None:
    assert rates(constant_schedule) == [PEAK] * N_STEPS


def test_half_a_cosine_falls_from_the_rate_to_nothing() -> None:
    found = rates(cosine_schedule)
    assert found[0] == PEAK
    assert found[N_STEPS // 2] == pytest.approx(PEAK / 2)
    assert found == sorted(found, reverse=True)
    assert 0 < found[-1] < PEAK / 100


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler")
@pytest.mark.parametrize("warmup_fraction", [0.2, 0.5])
def test_one_cycle_rises_to_the_rate_within_the_warm_up_and_falls_to_nearly_nothing(
    warmup_fraction: float,
) -> None:
    found = rates(one_cycle_schedule, warmup_fraction=warmup_fraction)
    assert found[0] == pytest.approx(PEAK / 25)
    top = int(warmup_fraction * N_STEPS) - 1
    assert found[top] == pytest.approx(PEAK)
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert found[-1] < PEAK / 10_000
