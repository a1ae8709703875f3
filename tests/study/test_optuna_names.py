"""Private names of Optuna that `_database` and `_optuna` of the study rely on."""

import inspect

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models, storage
from optuna.study import _multi_objective

from tunesmith.study import _database


@pytest.mark.parametrize(
    "name",
    [
        *_database._REPEATED,
        "_create_new_trial",
        "_fill_storage_url_template",
        "_get_prepared_new_trial",
        "_get_stale_trial_ids",
        "_set_trial_attr_without_commit",
    ],
)
def test_the_storage_has_the_name(name: str) -> None:
    assert callable(getattr(RDBStorage, name))


def test_models_and_study_have_their_names() -> None:
    study = optuna.create_study()
    for name in ("_storage", "_study_id", "_get_trials", "_stop_flag", "_thread_local"):
        assert hasattr(study, name)
    for name in ("_trial_id", "_cached_frozen_trial"):
        assert hasattr(study.ask(), name)
    assert "self.scoped_session" in inspect.getsource(RDBStorage.__init__)
    assert hasattr(storage, "_create_scoped_session")
    assert hasattr(models.TrialHeartbeatModel, "heartbeat")
    assert hasattr(models.StudySystemAttributeModel, "find_by_study_and_key")
    assert callable(_multi_objective._get_pareto_front_trials_by_trials)
    assert "_backend" in inspect.getsource(_CachedStorage.__init__)


def test_every_call_of_the_cache_to_the_database_is_repeated() -> None:
    source = inspect.getsource(_CachedStorage)
    called = {part.split("(")[0] for part in source.split("self._backend.")[1:]}
    covered = {*_database._REPEATED, "_create_new_trial", "record_heartbeat"}
    heartbeat_settings = {
        "_get_stale_trial_ids",
        "get_heartbeat_interval",
        "get_heartbeat_stale_trial_callback",
    }
    assert called - covered == heartbeat_settings
