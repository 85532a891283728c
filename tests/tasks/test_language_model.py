import gc
import math
from itertools import pairwise

import pytest
from tests.tasks.bigrams import bigrams

from tingshuo.errors import DataError
from tingshuo.tasks.language_model import NeuralLanguage, open_language


def stepped(language, text):
    total, state = 0.0, language.start
    for character in text:
        log_prob, state = language.after(state, language.unit(character))
        total += log_prob
    return total + language.end(state)


def test_step_by_step_is_the_whole():
    language, _, _ = bigrams()
    texts = ["天气很好", "好天", "", "人好"]
    for text, whole in zip(texts, language.log_probs(texts), strict=True):
        assert stepped(language, text) == pytest.approx(whole, abs=1e-5)


def test_what_is_likely_is_likelier_and_marks_do_not_count():
    language, _, _ = bigrams()
    likely, other, marked = language.log_probs(["天气很好", "天汽很好", "天气，很好！"])
    assert likely > other
    assert marked == likely


def test_a_net_without_a_graph_for_whole_texts_goes_through_them_step_by_step():
    language, _, step = bigrams()
    stepping = NeuralLanguage(language.settings, {"step": step})
    texts = ["天气很好", "", "好人天"]
    assert stepping.log_probs(texts) == pytest.approx(language.log_probs(texts), abs=1e-5)
    assert step.asked[0] == (3, 1, 0)
    assert len(step.asked) == 5


def test_what_is_not_known_has_its_share():
    few, many = (bigrams(others=others)[0].log_probs(["人人"])[0] for others in (10, 1000))
    assert few - many == pytest.approx(2 * math.log(100))


def test_texts_are_judged_together_a_few_at_a_time():
    language, judge, _ = bigrams()
    assert len(language.judge([(2, 3)] * 70)) == 70
    assert [shape[0] for shape in judge.asked] == [32, 32, 6]
    assert language.judge([]) == []


def test_texts_that_wait_are_asked_for_together():
    language, _, step = bigrams()
    start = language.start
    alive = [language.after(start, unit)[1] for unit in range(2, 6)]
    gone = language.after(start, 6)[1]
    del gone
    gc.collect()
    step.asked.clear()
    language.end(alive[2])
    for one in alive:
        language.end(one)
    assert step.asked == [(4, 1, 1)]


def test_texts_of_other_lengths_are_asked_for_apart():
    language, _, step = bigrams()
    first = language.after(language.start, 2)[1]
    second = language.after(first, 3)[1]
    third = language.after(language.start, 4)[1]
    step.asked.clear()
    assert language.end(third) == pytest.approx(float(step.table[4, 0]))
    assert language.end(second) == pytest.approx(float(step.table[3, 0]))
    assert sorted(step.asked) == [(1, 1, 1), (1, 1, 2)]


def test_perplexity_is_that_of_the_table():
    language, judge, _ = bigrams()
    row = [0, *language.units("天好"), 0]
    mean = -sum(float(judge.table[a, b]) for a, b in pairwise(row)) / 3
    assert language.perplexity(["天，好"]) == pytest.approx(math.exp(mean), rel=1e-5)
    with pytest.raises(DataError, match="there is no text"):
        language.perplexity([])


def test_a_voice_is_no_language_model():
    from tingshuo.errors import BundleError
    from tingshuo.tasks.voices import find_voice

    with pytest.raises(BundleError, match="is of the task tts and no language model; lm is wanted"):
        open_language(find_voice("default"))
