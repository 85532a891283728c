"""What units tell by how they look."""

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.recogniser_units import blank_of, languages_of, tokenizer_of, unit_of
from tingshuo.tasks.graph_recogniser.writing import bytes_of_letters

LETTERS = "".join(letter for byte in "你".encode() for letter, own in bytes_of_letters().items() if own == byte)


@pytest.mark.parametrize(
    ("units", "tokenizer", "languages"),
    [
        (("<blk>", "你", "好"), "char", ("zh-CN",)),
        (("<blk>", "你", "\u2581GO", "ING"), "bpe", ("zh-CN", "en")),
        (("<blk>", "<0xE4>", "の"), "bpe", ("ja",)),
        (("<blank>", "你", "hel@@", "lo"), "joined", ("zh-CN", "en")),
        (("<blk>", "\u2581" + LETTERS, "\u2581A"), "byte_bpe", ("zh-CN", "en")),
        (("<blk>", "\u2581caf\u00e9", "한"), "bpe", ("ko", "en")),
        (("<blk>", "\u2581"), "bpe", ("und",)),
    ],
)
def test_they_tell_how_texts_were_cut_and_of_which_languages(units, tokenizer, languages):
    assert tokenizer_of(units) == tokenizer
    assert languages_of(units, tokenizer) == languages


def test_the_blank_is_what_is_called_so():
    assert blank_of(None, ("a", "<blank>", "<eps>"), "m") == 1
    assert blank_of(None, ("a", "b"), "m") is None
    assert blank_of("b", ("a", "b", "<blk>"), "m") == 1
    assert blank_of(0, ("a", "b"), "m") == 0


@pytest.mark.parametrize("unit", ["c", 2, -1])
def test_a_unit_has_to_be_there(unit):
    with pytest.raises(PortError, match=rf"m: its eos is the unit {unit!r}, and there is none such among the 2 units"):
        unit_of(unit, ("a", "b"), "eos", "m")
