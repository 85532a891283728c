"""Texts are cut as BERT reads them; expected ids are what BertTokenizer of transformers 5.23 gives for the same vocabulary."""

import pytest

from tingshuo.errors import TextError
from tingshuo.text.foreign.wordpiece import WordPieces

PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] 开 心 今 天 ， ! a b e hello wor ##ld ##l ##lo he h ##e 20 ##24 . ' s ー ア "
    "ᄒ ##ᅡ ##ᆫ ß ##ß σ ##σ $ H ##é"
).split()


@pytest.mark.parametrize(
    ("text", "ids", "ids_cased"),
    [
        ("开心", [5, 6], None),
        ("今天，开心！", [7, 8, 9, 5, 6, 1], None),
        ("心a天b", [6, 11, 8, 12], None),
        ("Hello world's", [14, 15, 16, 25, 26], [37, 21, 17, 18, 15, 16, 25, 26]),
        ("HÉ hel\u0301lo", [19, 14], [1, 1]),
        ("2024 20.24", [22, 23, 22, 24, 1], None),
        ("a\tb\u3000b\xa0e\u200bh\x00e\ufffd", [11, 12, 12, 1], None),
        ("한", [29, 30, 31], [1]),
        ("アー", [1], None),
        ("ΑΣ σΣ", [1, 34, 35], [1, 1]),
        ("ß$a", [32, 36, 11], None),
        ("helloo", [1], None),
        ("x" * 101 + " a", [1, 11], None),
        ("", [], None),
    ],
)
def test_pieces_are_those_of_the_original(text: str, ids: list[int], ids_cased: list[int] | None) -> None:
    assert WordPieces(PIECES).encode(text).tolist() == [2, *ids, 3]
    assert WordPieces(PIECES, lower=False).encode(text).tolist() == [2, *(ids if ids_cased is None else ids_cased), 3]


def test_accents_and_chinese_characters_can_be_left_as_they_are() -> None:
    assert WordPieces([*PIECES, "é"], strip_accents=False).cut("É") == ["é"]
    assert WordPieces(PIECES, chinese=False).cut("开心") == ["[UNK]"]


def test_a_mark_that_is_written_is_text() -> None:
    assert WordPieces(PIECES).cut("[SEP]") == ["[UNK]"] * 3


def test_too_long_a_text_and_a_vocabulary_of_something_else() -> None:
    assert len(WordPieces(PIECES).encode("开" * 7, limit=9)) == 9
    with pytest.raises(TextError, match="the text has 10 word pieces, and the net reads 9"):
        WordPieces(PIECES).encode("开" * 8, limit=9)
    with pytest.raises(TextError, match=r"needs \[CLS\], and this one has none"):
        WordPieces(["a", "b"])
