import math

import pytest
from tests.tasks.bigrams import bigrams
from tests.tasks.recognise.test_fusion import MODEL, UNITS

from tingshuo.errors import DataError, RequestError
from tingshuo.tasks.recognise.fusion import LanguageScorer
from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.neural_fusion import FusedHotwords, NeuralScorer
from tingshuo.tasks.recognise.rescoring import Adviser, open_adviser
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.text.lm.arpa import write_arpa
from tingshuo.text.lm.kneser_ney import estimate


class Heard:
    """A recogniser that writes characters; ``Syllables`` one that searches for others."""

    written = UNITS

    def expect(self, words):
        return Hotwords(words, UNITS)

    def text(self, units):
        return "".join(UNITS[unit] for unit in units)


class Syllables(Heard):
    def expect(self, words):
        return tuple(words)


class Greedy(Heard):
    def expect(self, words):
        raise RequestError("it searches for nothing", "hotwords")


FOUND = tuple(Hypothesis(units, score, (0,) * len(units), (0.5,) * len(units)) for units, score in (
    ((1, 3, 4, 5), -1.0), ((1, 2, 4, 5), -1.2), ((1, 2), -6.0),
))  # fmt: skip


@pytest.mark.parametrize("model", [MODEL, bigrams()[0]], ids=["n-gram", "neural"])
def test_what_is_likely_comes_first_with_its_new_score(model):
    adviser = Adviser(model, weight=0.5, bonus=0.25)
    first, *others = adviser.rescored(FOUND, Heard())
    assert Heard().text(first.units) == "天气很好"
    assert first.score == pytest.approx(-1.2 + 0.5 * adviser.log_probs(["天气很好"])[0] + 0.25 * 4)
    assert [one.score for one in others] == sorted((one.score for one in others), reverse=True)
    assert adviser.rescored((), Heard()) == ()


def test_a_weight_of_nothing_changes_nothing():
    assert Adviser(MODEL, weight=0.0, bonus=0.0).rescored(FOUND, Heard()) == FOUND


def test_it_is_asked_during_a_search_for_characters_and_afterwards_of_others():
    language, _, _ = bigrams()
    expected, fused = Adviser(language).expected(Heard(), {"天气": 1.0})
    assert isinstance(expected, FusedHotwords)
    assert fused
    assert Adviser(language).expected(Syllables(), {"天气": 1.0}) == (("天气",), False)
    assert Adviser(language).expected(Syllables(), {}) == (None, False)
    with pytest.raises(RequestError, match="a language model has no say with this recogniser: it searches for nothing"):
        Adviser(language).expected(Greedy(), {})


def test_the_scorer_is_that_of_the_model():
    assert isinstance(Adviser(MODEL).scorer(UNITS), LanguageScorer)
    assert isinstance(Adviser(bigrams()[0]).scorer(UNITS), NeuralScorer)


@pytest.mark.parametrize(("weight", "bonus", "message"), [
    (-0.1, 0.0, "must be 0 to 10, got -0.1"), (11.0, 0.0, "must be 0 to 10"), (math.nan, 0.0, "must be 0 to 10"),
    (0.5, math.inf, "must be a finite number"),
])  # fmt: skip
def test_numbers_that_cannot_be_are_refused(weight, bonus, message):
    with pytest.raises(RequestError, match=message):
        open_adviser("not looked at", weight, bonus)


@pytest.mark.parametrize("name", ["model.arpa", "model.arpa.gz"])
def test_an_arpa_file_of_characters_is_read(tmp_path, name):
    write_arpa(MODEL, tmp_path / name)
    adviser = open_adviser(tmp_path / name, 0.2)
    assert adviser.log_probs(["天气"])[0] == pytest.approx(MODEL.log_prob("天气"), abs=1e-4)


def test_one_of_words_is_refused(tmp_path):
    write_arpa(estimate([["天气", "很", "好"]] * 3, 2), tmp_path / "words.arpa")
    with pytest.raises(DataError, match="is a model of words such as '天气'; one of characters is wanted"):
        open_adviser(tmp_path / "words.arpa")


def test_what_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    for wrong in (tmp_path / "none", "nobody"):
        with pytest.raises(RequestError, match="no language model is there; give the folder of a bundle"):
            open_adviser(wrong)
    with pytest.raises(DataError, match="cannot be read as an ARPA file"):
        open_adviser(tmp_path / "none.arpa")
