import math

import pytest

pytest.importorskip("torch")

from tingshuo.train.search_trial import Trial

pytestmark = pytest.mark.train


def test_what_counts_is_the_end():
    trial = Trial(7, {"a": 1}, {30: 2.5, 90: 2.0})
    assert (trial.name, trial.steps, trial.value) == ("trial-007", 90, 2.0)


def test_what_failed_or_has_not_begun_is_worse_than_anything():
    assert Trial(0, {}).value == Trial(1, {}, {30: 2.0}, "broken").value == math.inf
    assert Trial(0, {}).steps == 0
