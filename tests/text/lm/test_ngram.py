"""What a model says of texts."""

import numpy as np
import pytest

from tingshuo.errors import DataError
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.ngram import END, NGram

TEXTS = ["今天天气很好", "今天天气不好", "明天天气很好", "我们今天去公园", "他们明天去公园", "天气好我们就去"]


@pytest.fixture(scope="module")
def model():
    return estimate(TEXTS, 3)


def test_a_text_is_as_likely_as_its_units_one_after_another(model):
    total, context = 0.0, model.start
    for unit in (*"今天好", END):
        added, context = model.extend(context, model.id(unit))
        assert added < 0
        total += added
    assert model.log_prob("今天好") == pytest.approx(total)


def test_after_whatever_was_said_something_follows(model):
    predicted = [n for n in range(len(model.units)) if n != model.begin]
    contexts = {model.start, ()}
    for text in TEXTS:
        context = model.start
        for unit in text:
            _, context = model.extend(context, model.id(unit))
            contexts.add(context)
    assert max(map(len, contexts)) == 2
    for context in contexts:
        probs = [np.exp(model.extend(context, unit)[0]) for unit in predicted]
        assert sum(probs) == pytest.approx(1, abs=1e-5)


def test_what_was_heard_often_is_likelier(model):
    assert model.log_prob("今天天气很好") > model.log_prob("气天好很今天")
    assert model.perplexity(TEXTS) < model.perplexity(["公天我气明很", "好好好好"])
    assert model.perplexity(TEXTS) < len(model.units)


def test_a_unit_that_nobody_knows_is_possible(model):
    assert model.id("鲸") == model.unknown
    assert np.isfinite(model.log_prob("鲸鱼"))


def test_a_context_is_no_longer_than_something_depends_on_it(model):
    context = model.start
    for unit in "今天鲸":
        _, context = model.extend(context, model.id(unit))
    assert context == ()


def test_a_model_of_single_units_has_no_context():
    model = estimate(TEXTS, 1)
    assert model.start == ()
    assert model.extend((), model.id("天"))[1] == ()
    probs = [np.exp(model.extend((), n)[0]) for n in range(len(model.units)) if n != model.begin]
    assert sum(probs) == pytest.approx(1, abs=1e-5)


def test_arrays_make_the_same_model(model):
    again = NGram.from_arrays(model.units, model.arrays())
    assert [again.log_prob(text) for text in TEXTS] == [model.log_prob(text) for text in TEXTS]


def test_arrays_that_do_not_fit_are_refused(model):
    arrays = model.arrays()
    with pytest.raises(DataError, match=r"lack '2\.first'"):
        NGram.from_arrays(model.units, {name: value for name, value in arrays.items() if name != "2.first"})
    for wrong in ({"3.log_probs": arrays["3.log_probs"][:-1]}, {"1.first": arrays["1.first"][::-1]}):
        with pytest.raises(DataError, match="do not fit"):
            NGram.from_arrays(model.units, arrays | wrong)
    with pytest.raises(DataError, match="do not fit"):
        NGram.from_arrays((*model.units, "多"), arrays)


def test_no_text_has_no_perplexity(model):
    with pytest.raises(DataError, match="no text"):
        model.perplexity([])
