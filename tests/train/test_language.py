"""Words follow each other as in the texts, and nothing of what is held out is known."""

import pytest

from tingshuo.errors import DataError
from tingshuo.text.spelling import Speller
from tingshuo.train.language import plain_text, sentences_of, teach_language

TEXTS = ["他在看一本新的书。", "我看书，他看电视！", "今天是2026年。"]


def test_sentences_are_characters_alone_and_come_once():
    found = list(sentences_of([*TEXTS, "我看书他看电视", "好。"], []))
    assert found == ["他在看一本新的书", "我看书他看电视", "今天是二零二六年"]


def test_what_is_held_out_is_not_learnt_from():
    assert list(sentences_of(TEXTS, ["我看书他看电视？"])) == ["他在看一本新的书", "今天是二零二六年"]
    assert plain_text("OK，3个！") == "三个"


def test_what_the_texts_say_wins_over_frequencies():
    heard = ["ta1", "kan4", "dian4", "shi4"]
    model, vocabulary = teach_language(["他看电势", "我看电势", "你看电势"] * 2 + TEXTS[:1], [], 2)
    assert Speller(model, vocabulary).spell(heard)[0].text == "他看电势"
    model, vocabulary = teach_language(TEXTS[:1], [], 2)
    assert Speller(model, vocabulary).spell(heard)[0].text == "他看电视"
    with pytest.raises(DataError, match="no text"):
        teach_language(TEXTS, TEXTS)
