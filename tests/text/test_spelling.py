"""Syllables are written as the likeliest words that sound so."""

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import DataError
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.spelling import (
    GAINED,
    LOST,
    RISEN,
    UNHEARD,
    UNUSUAL,
    WRONG,
    Speller,
    Vocabulary,
    vocabulary_of,
)

READINGS = {
    "你": "ni3", "好": "hao3,hao4", "你好": "ni3hao3", "拟": "ni3", "号": "hao4", "一": "yi1", "一号": "yi1hao4", "不": "bu4",
    "不好": "bu4hao3", "布": "bu4", "衣": "yi1",
}  # fmt: skip
TEXTS = [["你好"], ["你", "不好"], ["一号", "好"], ["布", "衣", "好"], ["不", "一", "号"], ["你", "好", "不好"]]


def speller(beam=60, texts=TEXTS, order=3):
    model = estimate(texts, order, prior=dict.fromkeys(READINGS, 1 / len(READINGS)))
    return Speller(model, Vocabulary(model.units, [READINGS.get(word, "") for word in model.units]), beam)


def tones_cost(word, own, heard):
    cost = 0.0
    for char, tone, other in zip(word, own, heard, strict=True):
        if tone == other or (char == "一" and other in "124") or (char == "不" and other in "245"):
            continue
        cost += RISEN if (tone, other) == ("3", "2") else LOST if other == "5" else GAINED if tone == "5" else WRONG
    return cost


def all_ways(model, syllables):
    """Yield every way to write syllables, with its cost, by the definition."""
    found = []

    def go(at, words, cost):
        if at == len(syllables):
            found.append((cost - model.log_prob(words), "".join(words)))
            return
        for word, ways in READINGS.items():
            heard = syllables[at : at + len(word)]
            for rank, reading in enumerate(ways.split(",")):
                letters, tones = reading.translate(str.maketrans("12345", "     ")).split(), [c for c in reading if c.isdigit()]
                own = (
                    (UNUSUAL + rank - 1 if rank else 0.0) + tones_cost(word, tones, [one[-1] for one in heard])
                    if [one[:-1] for one in heard] == letters
                    else 99.0
                )
                if own <= 7:
                    go(at + len(word), [*words, word], cost + own)

    go(0, [], 0.0)
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["ni3", "ni2", "hao3", "hao4", "hao5", "yi1", "yi2", "bu2", "bu4", "bu1"]), min_size=1, max_size=6)
)
def test_the_best_text_is_that_of_all(syllables):
    own = speller()
    expected = all_ways(own.model, syllables)
    (cost, _), found = expected[0], own.spell(syllables)[0]
    assert found.cost == pytest.approx(cost, abs=1e-4)
    assert found.text in {text for other, text in expected if other < cost + 1e-4}


def test_a_text_may_be_written_while_it_is_said():
    own, column = speller(beam=3), speller(beam=3).start
    column = own.start
    for n, syllable in enumerate(syllables := ["ni2", "hao3", "bu4", "hao3"], 1):
        column = own.extend(column, syllable)
        assert own.ended(column) == own.spell(syllables[:n])
    assert own.ended(column)[0].characters == ("你", "好", "不", "好")


def test_words_that_were_given_are_written():
    own = speller()
    assert own.spell(["ni3", "hao4"])[0].text != "拟号"
    assert own.with_words({"拟": 9.0, "号": 9.0}, {}).spell(["ni3", "hao4"])[0].text == "拟号"
    named = own.with_words({"妮皓": 3.0}, {"妮皓": "ni1hao4"})
    assert named.spell(["bu4", "ni1", "hao4", "yi1"])[0].characters == ("不", "妮", "皓", "一")
    assert own.spell(["ni3", "hao4"])[0].text != "拟号", "the speller itself has not changed"
    assert named.with_words({"腻耗": 99.0}, {"腻耗": "ni4hao4"}).spell(["ni4", "hao4"])[0].text == "腻耗"


def test_a_syllable_that_no_word_has_is_left_out():
    found = speller().spell(["ni3", "hao3", "zhuang1", "bu4"])[0]
    assert found.characters == ("你", "好", "", "不")
    assert found.cost > UNHEARD
    assert speller().spell([])[0].characters == ()


def test_a_narrow_beam_is_nearly_as_good():
    chance = random.Random(0)
    syllables = [list(one) for one in product(["ni3", "yi1", "bu4", "hao3"], repeat=5)]
    wide, narrow = speller(), speller(beam=3)
    costs = [(wide.spell(one)[0].cost, narrow.spell(one)[0].cost) for one in chance.sample(syllables, 100)]
    assert all(best <= other + 1e-4 for best, other in costs)
    assert sum(other - best > 1e-4 for best, other in costs) < 10


def test_a_vocabulary_is_packed_and_unpacked():
    own = Vocabulary(list(READINGS), list(READINGS.values()))
    again = Vocabulary.unpacked(own.packed())
    assert (again.words, again.readings) == (own.words, own.readings)
    assert again.sounding("hao ") == own.sounding("hao ")
    assert {own.words[one.unit] for one in own.sounding("ni hao ")} == {"你好"}


@pytest.mark.parametrize("packed", [b"", b"nothing", b"x\x9c"])
def test_what_is_no_vocabulary_is_refused(packed):
    with pytest.raises(DataError, match="cannot be read"):
        Vocabulary.unpacked(packed)


def test_words_must_be_those_of_the_model():
    model = estimate(TEXTS, 2)
    with pytest.raises(DataError, match="not the same"):
        Speller(model, Vocabulary(["你"], ["ni3"]))
    with pytest.raises(DataError, match="readings"):
        Vocabulary(["你"], [])


def test_readings_come_from_the_lexicon():
    found = vocabulary_of(load_lexicon(), ["你好", "长", "可以", "</s>", "一心", "X"])
    assert found.readings[:4] == ("ni3hao3", "chang2,zhang3", "ke3yi3", "")
    assert found.readings[5] == ""
