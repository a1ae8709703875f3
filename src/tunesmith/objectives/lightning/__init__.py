"""The objective of deep learning: a LightningModule on a LightningDataModule."""
