import pytest
from tests.tasks.bigrams import bigrams
from tests.tasks.recognise.test_fusion import FRAMES, UNITS, text

from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.neural_fusion import FusedHotwords, NeuralScorer
from tingshuo.tasks.recognise.search import prefix_beam


def test_what_is_said_is_heard_rather_than_what_sounds_the_same():
    language, _, _ = bigrams()
    assert text(prefix_beam(FRAMES)) == "天汽很好"
    assert text(prefix_beam(FRAMES, scorer=NeuralScorer(language, UNITS, 0.5))) == "天气很好"


def test_the_score_has_the_share_of_the_model():
    language, _, _ = bigrams()
    (plain,) = prefix_beam(FRAMES, 1)
    (found,) = prefix_beam(FRAMES, 1, scorer=NeuralScorer(language, UNITS, 0.5, bonus=0.7))
    written = "".join(UNITS[unit] for unit in found.units)
    assert found.units == plain.units
    expected = plain.score + 0.5 * language.log_probs([written])[0] + 0.7 * len(written)
    assert found.score == pytest.approx(expected, abs=1e-4)


def test_a_search_asks_for_its_texts_together_and_for_each_once():
    language, _, step = bigrams()
    scorer = NeuralScorer(language, UNITS, 0.5)
    prefix_beam(FRAMES, 4, scorer=scorer)
    together = [shape[0] for shape in step.asked]
    assert max(together) > 1
    assert len(together) < sum(together) <= 1 + 4 * len(FRAMES)


def test_pieces_of_words_and_marks():
    units = ("<blank>", "▁and", "o", "天", "▁")
    language, _, step = bigrams()
    scorer = NeuralScorer(language, units, 1.0, bonus=0.5)
    assert scorer.extend(None, 0)[0] == scorer.extend(None, 4)[0] == 0.0
    added, state = scorer.extend(None, 1)
    more, state = scorer.extend(state, 2)
    again, state = scorer.extend(state, 1)
    end = scorer.finish(state)
    assert added + more + again + end == pytest.approx(language.log_probs(["ando and"])[0] + 3 * 0.5, abs=1e-4)
    assert scorer.finish(None) == pytest.approx(float(step.table[0, 0]))


def test_hotwords_and_the_model_have_their_say_together():
    language, _, _ = bigrams()
    scorer = NeuralScorer(language, UNITS, 0.5)
    assert text(prefix_beam(FRAMES, scorer=FusedHotwords({}, UNITS, scorer))) == "天气很好"
    both = FusedHotwords({"天汽": 5.0, "北京": 1.0}, UNITS, scorer)
    assert text(prefix_beam(FRAMES, scorer=both)) == "天汽很好"
    assert isinstance(both, Hotwords)
    assert both.unknown == ("北京",)
    assert both.said((1, 3)) == ("天汽",)
