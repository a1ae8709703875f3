"""The options of `hydra/sweeper/sampler`: ours, and the stock plug-in's names without it."""

from typing import Any

# Optuna's own defaults; the stock plug-in's `tpe` pins two of them to older ones.
TPE_DEFAULT: dict[str, Any] = {
    "_target_": "optuna.samplers.TPESampler",
    "seed": None,
    "consider_prior": None,
    "prior_weight": None,
    "consider_magic_clip": None,
    "consider_endpoints": None,
    "n_startup_trials": 10,
    "n_ei_candidates": 24,
    "multivariate": None,
    "group": False,
    "warn_independent_sampling": None,
    "constant_liar": True,
    "constraints_func": None,
}
_NSGA: dict[str, Any] = {
    "seed": None,
    "population_size": 50,
    "mutation_prob": None,
    "crossover": None,
    "crossover_prob": 0.9,
    "swapping_prob": 0.5,
    "constraints_func": None,
}
STOCK_SAMPLERS: dict[str, dict[str, Any]] = {
    "tpe": {**TPE_DEFAULT, "multivariate": False, "constant_liar": False},
    "random": {"_target_": "optuna.samplers.RandomSampler", "seed": None},
    "grid": {"_target_": "optuna.samplers.GridSampler", "_partial_": True, "seed": None},
    "cmaes": {
        "_target_": "optuna.samplers.CmaEsSampler",
        "seed": None,
        "x0": None,
        "sigma0": None,
        "n_startup_trials": 1,
        "independent_sampler": None,
        "warn_independent_sampling": True,
        "consider_pruned_trials": False,
        "use_separable_cma": False,
        "with_margin": False,
        "lr_adapt": False,
        "source_trials": None,
    },
    "nsgaii": {"_target_": "optuna.samplers.NSGAIISampler", **_NSGA},
    "nsgaiii": {
        "_target_": "optuna.samplers.NSGAIIISampler",
        **_NSGA,
        "reference_points": None,
        "dividing_parameter": 3,
    },
    "gp": {
        "_target_": "optuna.samplers.GPSampler",
        "seed": None,
        "independent_sampler": None,
        "n_startup_trials": 10,
        "deterministic_objective": False,
        "constraints_func": None,
    },
    "qmc": {
        "_target_": "optuna.samplers.QMCSampler",
        "seed": None,
        "qmc_type": "sobol",
        "scramble": False,
        "independent_sampler": None,
        "warn_asynchronous_seeding": True,
        "warn_independent_sampling": True,
    },
}
