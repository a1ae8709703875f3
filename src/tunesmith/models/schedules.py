"""Learning-rate schedules over all optimizer steps of one fit; the optimizer's lr is the peak."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR


def constant_schedule(optimizer: Optimizer, *, total_steps: int) -> None:
    """Return None: the learning rate stays as the optimizer has it."""
    return


def cosine_schedule(optimizer: Optimizer, *, total_steps: int) -> LRScheduler:
    """Return a schedule that lowers the rate from lr to 0 along half a cosine.

    Loshchilov and Hutter, "SGDR" (2017), without restarts.

    Args:
        optimizer: The optimizer, whose lr is the first rate.
        total_steps: The optimizer steps of the fit; the schedule is stepped after each.

    """
    return CosineAnnealingLR(optimizer, T_max=total_steps)


def one_cycle_schedule(
    optimizer: Optimizer, *, total_steps: int, warmup_fraction: float = 0.3
) -> LRScheduler:
    """Return a schedule that raises the rate from lr / 25 to lr, then lowers it to about 0.

    It is PyTorch's OneCycleLR: Smith and Topin, "Super-Convergence" (2018).

    Args:
        optimizer: The optimizer, whose lr is the peak.
        total_steps: The optimizer steps of the fit; the schedule is stepped after each.
        warmup_fraction: The share of the steps in which the rate rises, 0 ... 1.

    """
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=warmup_fraction,
    )
