"""Learning-rate schedules over all optimizer steps of one fit; the optimizer's lr is the peak."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR


def constant_schedule(optimizer: Optimizer, *, total_steps: int) -> None:
    """Keep the optimizer's rate: no schedule."""
    return


def cosine_schedule(optimizer: Optimizer, *, total_steps: int) -> LRScheduler:
    """Return a rate that falls from lr to 0 along half a cosine.

    Loshchilov and Hutter, "SGDR" (2017), without restarts.

    Args:
        optimizer: Its lr is where the rate begins.
        total_steps: The optimizer steps of the fit.

    """
    return CosineAnnealingLR(optimizer, T_max=total_steps)


def one_cycle_schedule(
    optimizer: Optimizer, *, total_steps: int, warmup_fraction: float = 0.3
) -> LRScheduler:
    """Return a rate that rises from lr / 25 to lr within the warm-up, then falls to nearly 0.

    Smith and Topin, "Super-Convergence" (2018).

    Args:
        optimizer: Its lr is the peak.
        total_steps: The optimizer steps of the fit.
        warmup_fraction: The share of the steps in which the rate rises, 0 ... 1.

    """
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=warmup_fraction,
    )
