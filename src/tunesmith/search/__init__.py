"""A multirun as a search: plan it, share its study among workers, keep its results."""

from tunesmith.search.search import run_search

__all__ = ["run_search"]
