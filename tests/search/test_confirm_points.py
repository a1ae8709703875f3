"""Which points a confirmation trains again, and what it costs to know them."""

from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

from tests.search.sweeper import DEFAULTS, settings_of
from tunesmith.search import confirm
from tunesmith.search.confirm import Confirm
from tunesmith.search.plan import Plan
from tunesmith.search.space import SearchSpace
from tunesmith.study import StudyRecord

CONFIRM = OmegaConf.create(
    {"n_best": 2, "n_seeds": 5, "overrides": ["repeat=1", "keep_model=true"]}
)


class Counted(optuna.Study):
    """A study that counts how often all of its trials are copied."""

    copies = 0

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> Any:
        self.copies += deepcopy
        return super().get_trials(deepcopy, states)


def searched(values: list[float]) -> Counted:
    """A search of our own, whose first trial is the baseline."""
    study = optuna.create_study(study_name="s")
    for value in values:
        trial = create_trial(
            params={"x": value},
            distributions={"x": FloatDistribution(0, 9)},
            value=value,
            user_attrs={"overrides": [f"x={value}"]},
        )
        study.add_trial(trial)
    StudyRecord.write(study, baseline=0)
    return Counted("s", study._storage)


@pytest.fixture
def plan() -> Plan:
    base = OmegaConf.create({"metric": {"name": "y"}, "seed": None, "repeat": 1})
    return Plan(
        study_name="s",
        space=SearchSpace({}, {}, {}, ()),
        config=OmegaConf.create(
            {"hydra": {"sweep": {"dir": "outputs/searches/s"}, "output_subdir": ".hydra"}}
        ),
        base=base,
        settings=settings_of({**DEFAULTS, "confirm": CONFIRM, "seed_key": "seed"}),
        fingerprint=None,  # type: ignore[arg-type]
        n_trials=6,
    )


def test_candidates_are_computed_once_and_no_trial_is_copied(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[optuna.Study] = []
    ranked = confirm.leaders
    monkeypatch.setattr(confirm, "leaders", lambda study: asked.append(study) or ranked(study))
    search = searched([5.0, 3.0, 1.0, 1.0, 2.0])
    confirmation = Confirm(plan, search)
    assert confirmation.n_open == 15
    assert confirmation.seconds() == 0
    confirmation.queue()
    assert confirmation.n_open == confirmation.n_trials == 15
    assert len(asked) == 1
    assert search.copies == 0
    # Each point once, the best first, then the baseline.
    assert StudyRecord.of(confirmation.study).candidates == [2, 4, 0]
    queued = confirmation.study.get_trials(deepcopy=False)
    assert [t.system_attrs["fixed_params"] for t in queued[:3]] == [
        {"x": 1.0, "trial": 2, "seed": 1},
        {"x": 2.0, "trial": 4, "seed": 1},
        {"x": 5.0, "trial": 0, "seed": 1},
    ]


def test_a_fit_has_the_overrides_of_its_trial_and_its_seed(plan: Plan) -> None:
    search = searched([5.0, 3.0])
    confirmation = Confirm(plan, search)
    confirmation.queue()
    assert confirmation.overrides_of(confirmation.study.ask()) == [
        "x=3.0",
        "seed=1",
        "repeat=1",
        "keep_model=true",
        "hydra.sweep.subdir=confirm/0",
    ]
    assert search.copies == 0
