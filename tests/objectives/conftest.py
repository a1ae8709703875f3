"""Fixtures that tests of fits may use."""

from tests.objectives.fits import composed

__all__ = ["composed"]
