"""Units become writing, however texts were cut."""

import pytest

from tingshuo.tasks.graph_recogniser.writing import bytes_of_letters, is_byte, write


def letters(text: str) -> str:
    spelt = {byte: letter for letter, byte in bytes_of_letters().items()}
    return "".join(spelt[byte] for byte in text.encode())


@pytest.mark.parametrize(
    ("tokenizer", "pieces", "text"),
    [
        ("char", ["你", "好", "<unk>"], "你好<unk>"),
        ("bpe", ["\u2581GO", "ING", "\u2581ON", "你", "好"], "GOING ON你好"),
        ("bpe", ["<0xE4>", "<0xBD>", "<0xA0>", "好"], "你好"),
        ("bpe", ["<0xE4>", "好"], "\ufffd好"),
        ("joined", ["hel@@", "lo", "world", "你", "好", "a"], "hello world 你好 a"),
        ("joined", ["你", "hel@@", "好"], "你 hel 好"),
        ("joined", ["a", "b"], "a b"),
        ("joined", [], ""),
        ("byte_bpe", ["\u2581", letters("你"), letters("好")[:2], letters("好")[2:], "\u2581A", "B"], "你好AB"),
        ("byte_bpe", ["\u2581A", "B", "\u2581", letters("好"), "\u2581C"], "AB 好C"),
        ("byte_bpe", [letters("你")[:1]], "\ufffd"),
    ],
)  # fmt: skip
def test_units_are_written(tokenizer, pieces, text):
    assert write(pieces, tokenizer) == text


def test_letters_for_bytes_are_those_of_fairseq():
    table = bytes_of_letters()
    assert sorted(table.values()) == list(range(256))
    # The first, the first past printable ASCII, those before and after what NFKC changes (U+0132, U+0149), and the last.
    known = {256: 0, 287: 31, 32: 32, 126: 126, 288: 127, 305: 144, 308: 145, 328: 163, 330: 164, 422: 255}
    assert {chr(code): byte for code, byte in known.items()}.items() <= table.items()


def test_a_byte_is_told_from_other_marks():
    assert is_byte("<0xE4>")
    assert not any(map(is_byte, ("<0xe4>", "<0xE45>", "<unk>", "0xE4")))
