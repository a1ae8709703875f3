"""Optuna's own contracts of a storage and of a sampler, held by ours."""

from collections.abc import Callable

import pytest
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
)
from optuna.testing.pytest_storages import StorageTestCase

from tunesmith.study import SlotSampler, TrialRecord, open_storage
from tunesmith.study._optuna import cached
from tunesmith.study.class_warnings import suppress_class_warnings


@pytest.fixture
def without_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a new trial without its owner, the one thing that our storage adds to it."""
    monkeypatch.setattr("tunesmith.study._database.owned_trial", lambda _: None)


class OurStorage(StorageTestCase):
    """Optuna's tests, two of them without the owner: they want a new trial to have no attribute."""

    @pytest.mark.usefixtures("without_owner")
    def test_create_new_trial(self, storage: BaseStorage) -> None:
        super().test_create_new_trial(storage)

    @pytest.mark.usefixtures("without_owner")
    def test_set_trial_system_attr(self, storage: BaseStorage) -> None:
        super().test_set_trial_system_attr(storage)

    def test_the_owner_is_all_that_it_adds_to_a_new_trial(self, storage: BaseStorage) -> None:
        study_id = storage.create_new_study([])
        trial = storage.get_trial(storage.create_new_trial(study_id))
        assert TrialRecord.of(trial).owner is not None
        assert list(trial.system_attrs) == ["tunesmith:owner"]
        assert trial.user_attrs == {}


class TestSqlite(OurStorage):
    @pytest.fixture(params=["direct", "cached, as a study uses it"])
    def storage(self, request, tmp_path) -> BaseStorage:
        storage = open_storage(f"sqlite:///{tmp_path}/db")
        return storage if request.param == "direct" else cached(storage)


class TestPostgresql(OurStorage):
    @pytest.fixture
    def storage(self, postgres_url: str) -> BaseStorage:
        return open_storage(postgres_url)


class TestMemory(StorageTestCase):
    @pytest.fixture
    def storage(self) -> BaseStorage:
        return open_storage(None)


class TestSlotSampler(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        def make() -> BaseSampler:
            with suppress_class_warnings():
                return SlotSampler(lambda seed: TPESampler(n_startup_trials=0, seed=seed), seed=1)

        return make
