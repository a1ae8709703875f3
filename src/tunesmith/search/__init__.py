"""A multirun as a search: plan it, run it with workers that share the study, keep its results."""

from tunesmith.search.search import Search

__all__ = ["Search"]
