"""A multirun as a search: plan it, share its study among workers, keep its results."""

from tunesmith.search.ranks import is_rank, run_rank
from tunesmith.search.search import run_search

__all__ = ["is_rank", "run_rank", "run_search"]
