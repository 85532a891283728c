"""Figures and marks together, and the place of every character."""

import doctest
from pathlib import Path

import pytest

from tingshuo.errors import RequestError
from tingshuo.text.readable import readable, readable_pieces

DOCS = Path(__file__).parents[2] / "docs"
SPOKEN = "二零二六年三月五号我花了三块五买了两斤苹果你呢"


def with_pauses(text: str, **after: float) -> list[float]:
    """Return pauses of 0 but after some stretches of the text."""
    pauses = [0.0] * len(text)
    for stretch, pause in after.items():
        pauses[text.index(stretch) + len(stretch) - 1] = pause
    return pauses


def test_a_transcript_becomes_what_people_write() -> None:
    pauses = with_pauses(SPOKEN, 五号=0.3, 苹果=0.8)
    assert readable(SPOKEN, pauses) == "2026年3月5号，我花了3.5元买了2斤苹果。你呢？"


@pytest.mark.parametrize("text", [SPOKEN, "你好", "", "我用iPhone 十五 拍的", "hello world", "他说，三点零五分见。"])
def test_pieces_cover_the_text_without_gap(text: str) -> None:
    pieces = readable_pieces(text)
    assert [piece.begin for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    assert (pieces[-1].end if pieces else 0) == len(text)
    assert "".join(piece.written for piece in pieces) == readable(text)


def test_a_number_is_one_piece_with_the_mark_after_it() -> None:
    pieces = readable_pieces("我花了三块五你呢", with_pauses("我花了三块五你呢", 三块五=0.8))
    assert [tuple(piece) for piece in pieces][3:5] == [(3, 6, "3.5元。"), (6, 7, "你")]


def test_no_mark_stands_inside_a_number() -> None:
    text = "号码是幺三八零零一三八零零零"
    assert "13800138000" in readable(text, [0.9] * len(text))


def test_a_long_silence_parts_two_numbers() -> None:
    text = "我付了二十三块"
    assert "23块" in readable(text)
    assert "20。3块" not in readable(text)
    assert "23" not in readable(text, with_pauses(text, 二十=1.5))


def test_latin_words_and_figures_come_through() -> None:
    written = readable("我用 iPhone 15 Pro 拍了三十张 don't worry")
    assert written.startswith("我用 iPhone 15 Pro 拍了30张")
    assert "don't worry" in written
    assert readable("hello world") == "hello world"


def test_readable_text_stays_as_it_is() -> None:
    once = readable(SPOKEN)
    assert readable(once) == once


def test_a_blank_before_which_a_mark_was_put_goes() -> None:
    text = "今天很冷 你呢"
    assert readable(text, with_pauses(text, 很冷=0.9)) == "今天很冷。你呢？"


@pytest.mark.parametrize("pauses", [[0.1], [0.1, -1.0], [0.1, float("nan")]])
def test_pauses_that_do_not_fit_are_refused(pauses: list[float]) -> None:
    with pytest.raises(RequestError, match="pause"):
        readable("你好", pauses)


def test_the_page_shows_what_happens() -> None:
    page = doctest.DocTestParser().get_doctest((DOCS / "readable.md").read_text("utf-8"), {}, "readable.md", "readable.md", 0)
    assert page.examples
    result = doctest.DocTestRunner(verbose=False).run(page)
    assert result.failed == 0
