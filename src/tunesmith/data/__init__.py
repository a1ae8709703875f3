"""Data modules: the synthetic cubic problem, and what data modules for regression share."""

from tunesmith.data.cubic import CubicDataModule
from tunesmith.data.tabular import TabularDataModule

__all__ = ["CubicDataModule", "TabularDataModule"]
