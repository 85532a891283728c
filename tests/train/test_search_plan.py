import math

import pytest

pytest.importorskip("torch")

from tingshuo.errors import ConfigError
from tingshuo.train.search_plan import Plan, read_plan

pytestmark = pytest.mark.train
KEYS = {"loop.rate": {"log_uniform": [1e-5, 1e-1]}, "dropout": {"uniform": [0.1, 0.5]}, "layers": {"choice": [1, 2, 3]}}


def plan(**changes):
    return Plan.check({"keys": KEYS, "trials": 50, "steps": 90} | changes, "plan")


def test_what_a_trial_tries_follows_from_the_seed_and_its_number():
    one, more = plan(), plan(trials=80)
    assert [one.settings(n) for n in range(50)] == [more.settings(n) for n in range(50)]
    assert one.settings(0) != one.settings(1)
    assert one.settings(0) != plan(seed=1).settings(0)


def test_values_are_within_and_spread_over_their_ranges():
    tried = [plan().settings(n) for n in range(200)]
    rates, drops = ([one[key] for one in tried] for key in ("loop.rate", "dropout"))
    assert min(rates) >= 1e-5
    assert max(rates) <= 1e-1
    assert 60 < sum(rate < 1e-3 for rate in rates) < 140
    assert all(0.1 <= drop <= 0.5 for drop in drops)
    assert {one["layers"] for one in tried} == {1, 2, 3}
    assert all(float(f"{rate:.4g}") == rate for rate in rates)


def test_numbers_may_be_whole():
    keys = {"net.dim": {"log_uniform": [16, 512], "whole": True}, "n": {"uniform": [0.5, 2.5], "whole": True}}
    tried = [plan(keys=keys).settings(n) for n in range(60)]
    assert all(isinstance(one["net.dim"], int) and 16 <= one["net.dim"] <= 512 for one in tried)
    assert {one["n"] for one in tried} == {1, 2}


def test_of_choices_alone_none_is_tried_twice():
    keys = {"a": {"choice": [1, 2, 3]}, "b": {"choice": ["x", None]}}
    found = plan(keys=keys, trials=9)
    assert found.size == 6
    assert found.rounds == [(90, 6)]
    tried = [found.settings(n) for n in range(6)]
    assert len({(one["a"], one["b"]) for one in tried}) == 6


def test_rounds_of_halving():
    assert plan(trials=27, halving={"factor": 3, "rounds": 3}).rounds == [(10, 27), (30, 9), (90, 3)]
    assert plan(trials=2, halving={"rounds": 2}).rounds == [(30, 2), (90, 1)]


def test_a_file_may_write_numbers_as_people_do(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("keys: {loop.rate: {log_uniform: [1e-4, 1e-2]}, kind: {choice: [lstm, inf]}}\ntrials: 3\nsteps: 10\n")
    found = read_plan(path)
    assert found.keys["loop.rate"].range == (1e-4, 1e-2)
    assert math.log10(found.settings(0)["loop.rate"]) <= -2
    assert found.settings(1)["kind"] in ("lstm", "inf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keys": {}}, "keys"),
        ({"keys": {"a": {}}}, "give one of choice, uniform and log_uniform"),
        ({"keys": {"a": {"choice": [1], "uniform": [0, 1]}}}, "give one of"),
        ({"keys": {"a": {"uniform": [1, 1]}}}, "a lower number and a higher one, got 1 and 1"),
        ({"keys": {"a": {"log_uniform": [0, 1]}}}, "needs numbers above 0, got 0"),
        ({"keys": {"a": {"choice": [1], "whole": True}}}, "whole is for ranges"),
        ({"keys": {"loop.steps": {"choice": [1]}}}, "loop.steps cannot be searched for"),
        ({"steps": 8, "halving": {"factor": 3, "rounds": 3}}, "8 are too few for 3 rounds"),
        ({"trials": 0}, "trials"),
        ({"tries": 3}, "unknown field `tries`"),
    ],
)
def test_plans_that_cannot_be_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        plan(**change)


def test_a_file_that_is_no_plan_is_refused(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("keys: {loop.rate: 0.1}\ntrials: 3\nsteps: 10\n")
    with pytest.raises(ConfigError, match=r"plan\.yaml: keys\.loop\.rate: must be one of \{choice"):
        read_plan(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")
