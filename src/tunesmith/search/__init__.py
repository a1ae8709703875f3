"""A multirun as a search: plan it, share its study among workers, keep its results."""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.search.ranks import is_rank, run_rank
    from tunesmith.search.search import run_search
    from tunesmith.search.worker_environment import is_worker

__all__ = ["is_rank", "is_worker", "run_rank", "run_search"]

# Late: a command says that it is at work before it loads what a search needs.
__getattr__ = load_from(
    __name__,
    {
        "is_rank": "ranks",
        "is_worker": "worker_environment",
        "run_rank": "ranks",
        "run_search": "search",
    },
)
