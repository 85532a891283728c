"""States answer as the model does."""

import random

import pytest

from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.states import States


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_states_say_what_the_model_says(order):
    chance = random.Random(order)
    texts = ["".join(chance.choices("甲乙丙丁戊", k=chance.randint(1, 9))) for _ in range(60)]
    model = estimate(texts, order, prune=(0, 1))
    states = States(model)
    for text in [*texts[:20], "", "己", "甲己甲甲甲甲", "戊丁丙乙甲"]:
        context, state = model.start, states.start
        for unit in (*map(model.id, text), model.end):
            expected, following = model.extend(context, unit)
            assert state.log_prob(unit) == pytest.approx(expected, abs=1e-6)
            state, context = state.after(unit), following
            assert state.context == context


def test_no_more_states_are_kept_than_may_be(monkeypatch):
    monkeypatch.setattr("tingshuo.text.lm.states._KEPT", 3)
    model = estimate(["甲乙丙丁", "乙丙甲丁"], 3)
    states = States(model)
    context, state = model.start, states.start
    for unit in map(model.id, "甲乙丙丁乙丙甲丁甲甲丁丁"):
        expected, context = model.extend(context, unit)
        assert state.log_prob(unit) == pytest.approx(expected, abs=1e-6)
        state = state.after(unit)
        assert len(states._states) <= 4  # a state is made of the shorter ones
