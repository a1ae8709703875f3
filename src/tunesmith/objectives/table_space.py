"""What `hparams_search=table` searches of each kind of model."""

from omegaconf import DictConfig
from optuna import Trial


def suggest_for_table(cfg: DictConfig, trial: Trial) -> None:
    """Suggest the parameters of the model that a trial of `hparams_search=table` has drawn.

    It is an example of `hydra.sweeper.custom_search_space`, which is called for each trial once the
    parameters of the search file are drawn.

    Args:
        cfg: Hydra's multirun config.
        trial: The trial. Each parameter that it suggests overrides the key of that name.

    """
    match trial.params["objective"]:
        case "lightgbm":
            trial.suggest_int("model.num_leaves", 2, 128, log=True)
            trial.suggest_float("model.learning_rate", 0.01, 0.3, log=True)
            trial.suggest_int("model.min_child_samples", 1, 100, log=True)
            trial.suggest_float("model.feature_fraction", 0.4, 1)
            trial.suggest_float("model.bagging_fraction", 0.4, 1)
            trial.suggest_float("model.lambda_l2", 1e-8, 10, log=True)
        case "sklearn":
            _suggest_estimator(trial)
        case "mlp_table":
            trial.suggest_int("model.n_layers", 1, 3)
            trial.suggest_int("model.n_nodes", 8, 128, log=True)
            trial.suggest_float("optimizer.lr", 1e-4, 1e-2, log=True)
            trial.suggest_float("optimizer.weight_decay", 1e-3, 1, log=True)
            trial.suggest_categorical("trainer.max_epochs", [25, 50, 100, 200])
            trial.suggest_categorical("data.batch_size", [32, 128])


def _suggest_estimator(trial: Trial) -> None:
    match trial.suggest_categorical("model", ["linear", "kernel", "extra_trees"]):
        case "linear":
            trial.suggest_float("model.penalty", 1e-3, 1e3, log=True)
        case "kernel":
            trial.suggest_float("model.penalty", 1e-3, 1e2, log=True)
            trial.suggest_float("model.gamma", 0.01, 3, log=True)
        case "extra_trees":
            trial.suggest_float("model.max_features", 0.1, 1)
            trial.suggest_int("model.min_samples_leaf", 1, 20, log=True)
