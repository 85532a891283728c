import pytest

from tingshuo.text.lexicon import Lexicon, load_lexicon
from tingshuo.text.symbols import split_syllable


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


def test_the_usual_reading_comes_first(lexicon: Lexicon) -> None:
    assert lexicon.readings("长")[:2] == ("chang2", "zhang3")
    assert lexicon.readings("一") == ("yi1",)


def test_rare_characters_have_readings_too(lexicon: Lexicon) -> None:
    assert lexicon.readings("龘") == ("da2",)
    assert lexicon.readings("A") == ()
    assert lexicon.head("，") is None


def test_a_word_has_readings_tag_and_cost(lexicon: Lexicon) -> None:
    word = lexicon.word("重庆")
    assert word is not None
    assert word.readings == ("chong2", "qing4")
    assert word.sure
    assert word.tag == "S"
    rarer = lexicon.word("重吊")
    assert rarer is None or rarer.cost > word.cost
    assert lexicon.word("不是词语的词") is None


def test_readings_of_words_match_their_characters(lexicon: Lexicon) -> None:
    for char in "一不重长行得了着儿子大中上":
        head = lexicon.head(char)
        assert head is not None
        for rest, entry in head.words.items():
            if entry.pinyin:
                assert len(entry.readings) == 1 + len(rest), char + rest
                for reading in entry.readings:
                    assert reading == "r5" or split_syllable(reading)


def test_the_table_is_shared() -> None:
    assert load_lexicon() is load_lexicon()
