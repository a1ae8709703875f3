"""The demo data: the synthetic cubic problem."""

from tunesmith.data.cubic import CubicDataModule

__all__ = ["CubicDataModule"]
