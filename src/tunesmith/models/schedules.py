"""Learning-rate schedules over all optimizer steps of one fit; the optimizer's lr is the peak."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR


def constant(optimizer: Optimizer, *, total_steps: int) -> None:
    """Keep the optimizer's rate: no schedule."""
    return


def cosine(optimizer: Optimizer, *, total_steps: int) -> LRScheduler:
    """Fall from lr to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts)."""
    return CosineAnnealingLR(optimizer, T_max=total_steps)


def one_cycle(
    optimizer: Optimizer, *, total_steps: int, warmup_fraction: float = 0.3
) -> LRScheduler:
    """Rise from lr / 25 to lr within the warm-up, then fall to nearly 0 (Smith and Topin 2018)."""
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=warmup_fraction,
    )
