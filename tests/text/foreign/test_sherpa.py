import pytest

from tingshuo.errors import DataError
from tingshuo.text.foreign.sherpa import Entry, read_lexicon, read_tokens, tell_unknown


def test_tokens_are_symbols_with_their_ids_and_a_number_alone_is_the_space():
    assert read_tokens("_ 0\r\nzh\t1\n\n 2\n\u3000 3\nzh 9\n") == {"_": 0, "zh": 1, " ": 2, "\u3000": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [("zh one", "line 1: 'zh one' is no symbol with its id"), ("_ 0\na b 2", "line 2"), ("a -1", "line 1"), ("\n", "no symbol"),
     ("a 99999999999", "line 1")],
)  # fmt: skip
def test_what_are_no_tokens_is_said(text: str, message: str):
    with pytest.raises(DataError, match=message):
        read_tokens(text)


def test_words_have_the_symbols_of_their_first_line():
    read = read_lexicon("你 n i3\nOK  o k\n你 l i3\n\n空\n", {"n", "i3", "o", "k"})
    assert read.entries == {"你": Entry(("n", "i3")), "ok": Entry(("o", "k"))}
    assert read.unknown == {}


def test_a_word_with_a_symbol_that_there_is_not_is_left_out_and_told():
    read = read_lexicon("你 n i3\n好 h ao3\n号 h ao4", {"n", "i3"})
    assert list(read.entries) == ["你"]
    assert tell_unknown(read.unknown) == "1 symbols of its lexicon are not among its tokens, such as 'h' of '好'"


def test_tones_stand_after_the_symbols():
    read = read_lexicon("你好 n i h ao 2 2 3 3", {"n", "i", "h", "ao"}, tones=True)
    assert read.entries["你好"] == Entry(("n", "i", "h", "ao"), (2, 2, 3, 3))
    with pytest.raises(DataError, match="line 1: '你 n i 3' is no word with symbols and as many tones"):
        read_lexicon("你 n i 3", {"n", "i"}, tones=True)
