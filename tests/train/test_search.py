"""A search runs its trials once each, goes on where it was, and finds the best."""

import json

import pytest
import yaml

pytest.importorskip("torch")

from tests.train.fake_trainer import Bowl

from tingshuo.errors import TrainError
from tingshuo.train.search import as_set, nested, search
from tingshuo.train.search_plan import Plan

pytestmark = pytest.mark.train
KEYS = {"loop.rate": {"log_uniform": [1e-5, 1e-1]}, "layers": {"choice": [1, 2, 3]}}


def plan(**changes):
    return Plan.check({"keys": KEYS, "trials": 9, "steps": 90} | changes, "plan")


def test_the_best_is_found_and_written_to_train_on_with(tmp_path):
    told = []
    found = search(plan(), tmp_path, Bowl(), {"loop": {"seed": 3}, "bundle": {"name": "x"}}, lambda *word: told.append(word[:2]))
    values = [trial.value for trial in found.trials]
    assert found.finished
    assert values == sorted(values)
    assert told == [(n, 9) for n in range(1, 10)]
    best = yaml.safe_load((tmp_path / "best.yaml").read_text("utf-8"))
    rate, layers = (found.best.settings[key] for key in ("loop.rate", "layers"))
    assert best == {"loop": {"seed": 3, "rate": rate}, "bundle": {"name": "x"}, "layers": layers}
    rows = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert rows["finished"]
    assert rows["trials"][0] == {"trial": found.best.name, "settings": found.best.settings, "steps": 90, "value": values[0]}
    assert (tmp_path / "report.html").read_text("utf-8").count("<svg") == 3


def test_what_is_done_is_not_done_again_and_more_may_be_asked_for(tmp_path):
    first = search(plan(), tmp_path, Bowl())
    again = Bowl()
    assert search(plan(), tmp_path, again) == first
    assert again.asked == []
    more = search(plan(trials=11), tmp_path, again)
    assert again.asked == [("trial-009", 90), ("trial-010", 90)]
    assert len(more.trials) == 11


def test_an_interrupted_search_goes_on_where_it_was(tmp_path):
    bowl = Bowl(stop_at=4)
    found = search(plan(), tmp_path, bowl)
    assert not found.finished
    assert sum(trial.steps > 0 for trial in found.trials) == 3
    rest = Bowl()
    assert search(plan(), tmp_path, rest).finished
    assert rest.asked == [(f"trial-{n:03d}", 90) for n in range(3, 9)]


def test_only_the_best_go_on_in_the_same_folders(tmp_path):
    bowl = Bowl()
    found = search(plan(halving={"factor": 3, "rounds": 3}), tmp_path, bowl)
    assert [steps for _, steps in bowl.asked] == [10] * 9 + [30] * 3 + [90]
    whole = search(plan(), tmp_path / "whole", Bowl())
    assert found.best.settings == whole.best.settings
    assert found.best.values.keys() == {10, 30, 90}
    assert {name for name, steps in bowl.asked if steps > 10} == {trial.name for trial in whole.trials[:3]}


def test_new_trials_of_a_halving_compete_with_the_old(tmp_path):
    halving = {"factor": 3, "rounds": 2}
    search(plan(trials=3, halving=halving), tmp_path, Bowl())
    more = search(plan(trials=9, halving=halving), tmp_path, Bowl())
    whole = search(plan(), tmp_path / "whole", Bowl())
    assert more.best.settings == whole.best.settings


def test_a_training_that_breaks_is_a_result_and_is_not_tried_again(tmp_path):
    found = search(plan(), tmp_path, Bowl(broken=("trial-001",)))
    assert found.trials[-1].name == "trial-001"
    assert "not finite" in found.trials[-1].failed
    again = Bowl()
    search(plan(), tmp_path, again)
    assert again.asked == []


def test_settings_that_do_not_fit_are_tried_again_as_that_takes_no_time(tmp_path):
    every = tuple(f"trial-{n:03d}" for n in range(9))
    found = search(plan(), tmp_path, Bowl(wrong=every))
    assert found.best is None
    assert not (tmp_path / "best.yaml").exists()
    assert search(plan(), tmp_path, Bowl()).best is not None


def test_a_value_that_is_no_number_is_a_failure(tmp_path):
    found = search(plan(trials=1), tmp_path, lambda *_: float("nan"))
    assert found.trials[0].failed == "what it came to is no number"


def test_another_search_is_not_mixed_in(tmp_path):
    search(plan(), tmp_path, Bowl())
    with pytest.raises(TrainError, match="a search whose steps and seed were others"):
        search(plan(seed=1, steps=30), tmp_path, Bowl())
    (tmp_path / "trial-000" / "trial.json").write_text("{")
    with pytest.raises(TrainError, match=r"trial\.json: cannot be read: .*; remove .*trial-000, and it is tried anew"):
        search(plan(), tmp_path, Bowl())
    (tmp_path / "search.json").write_text("{}")
    with pytest.raises(TrainError, match=r"search\.json: cannot be read"):
        search(plan(), tmp_path, Bowl())


def test_settings_as_documents_and_as_options():
    settings = {"loop.rate": 1e-05, "loop.seed": 2, "kind": "lstm", "bands": [1, 2]}
    assert nested(settings) == {"loop": {"rate": 1e-05, "seed": 2}, "kind": "lstm", "bands": [1, 2]}
    assert as_set(settings) == ["loop.rate=1e-05", "loop.seed=2", 'kind="lstm"', "bands=[1, 2]"]
