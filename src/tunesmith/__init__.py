"""Hydra-configured experiments: Lightning trains one trial, Optuna searches, MLflow remembers."""
