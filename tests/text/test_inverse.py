"""A table of forms, the way back through normalisation, and promises for every text."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.inverse import InversePiece, inverse_normalize, inverse_pieces
from tingshuo.text.normalize import normalize

GOLDEN = Path(__file__).parent / "golden" / "inverse"
WRITTEN = [line.split("\t") for line in (GOLDEN / "figures.tsv").read_text("utf-8").splitlines()]
KEPT = (GOLDEN / "characters.tsv").read_text("utf-8").splitlines()


def test_spoken_forms_are_written_as_people_write_them() -> None:
    assert [(spoken, inverse_normalize(spoken)) for spoken, _ in WRITTEN] == [(spoken, written) for spoken, written in WRITTEN]


def test_words_with_numerals_stay() -> None:
    assert [text for text in KEPT if inverse_normalize(text) != text] == []


@pytest.mark.parametrize("before", ["我说", "他们在"])
@pytest.mark.parametrize("after", ["吧", "的"])
def test_idioms_stay_inside_sentences(before: str, after: str) -> None:
    kept = [text for text in KEPT if len(text) == 4]
    assert len(kept) > 30
    assert [text for text in kept if inverse_normalize(before + text + after) != before + text + after] == []


def test_the_table_is_long_and_has_no_doubles() -> None:
    spoken = [row[0] for row in WRITTEN] + KEPT
    assert len(spoken) == len(set(spoken))
    assert len(WRITTEN) >= 150
    assert len(KEPT) >= 150


def test_what_is_written_stays() -> None:
    assert [written for _, written in WRITTEN if inverse_normalize(written) != written] == []


NUMERALS = re.compile("[零〇幺一二两三四五六七八九十百千]")


def _round_trip(written: str, *, figures: bool = True) -> None:
    """Speak, write, speak again; with ``figures`` no numeral may be left in the writing but 万 and 亿."""
    spoken = normalize(written)
    again = inverse_normalize(spoken)
    assert normalize(again) == spoken
    assert not (figures and NUMERALS.search(again))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 10**15).flatmap(lambda top: st.integers(0, 10 ** (top % 16))), st.sampled_from(["个", "元", "公里", "人"]))
def test_numbers_come_back(number: int, unit: str) -> None:
    _round_trip(f"{number:,}{unit}", figures=number > 10)


@pytest.mark.parametrize("unit", ["个", "元", "克"])
def test_small_numbers_come_back(unit: str) -> None:
    for number in (*range(130), *range(130, 3000, 23)):
        _round_trip(f"{number}{unit}", figures=number > 10 or unit != "个")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=5), st.sampled_from(["", "%", "元", "公里", "万", "倍"]))
def test_decimals_and_percentages_come_back(whole: int, decimals: str, unit: str) -> None:
    _round_trip(f"增长了{whole}.{decimals}{unit}")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.dates(), st.times())
def test_dates_and_times_come_back(date, time) -> None:
    _round_trip(f"{date.year:04d}年{date.month}月{date.day}日")
    _round_trip(f"下午{time.hour}点{time.minute}分")
    _round_trip(f"{date.month}月{date.day}号{time.hour}点{time.minute:02d}分")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 99), st.integers(2, 100))
def test_fractions_and_ordinals_come_back(top: int, bottom: int) -> None:
    _round_trip(f"{top}/{bottom}的人")
    _round_trip(f"第{top * bottom}页")
    _round_trip(f"第{top * bottom}个", figures=top * bottom > 10)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text("0123456789", min_size=9, max_size=9))
def test_telephones_come_back(digits: str) -> None:
    _round_trip(f"电话13{digits}")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("零〇幺一二两三五八十百千万亿点分块元月日号年第个半到比负度米毛后周初几的。a1."), max_size=14))
def test_any_mixture_is_covered_and_written_once(text: str) -> None:
    pieces = inverse_pieces(text)
    assert [piece.begin for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    assert (pieces[-1].end if pieces else 0) == len(text)
    written = "".join(piece.written for piece in pieces)
    assert "□" not in written
    assert inverse_normalize(written) == written


def test_pieces_say_what_became_what() -> None:
    assert inverse_pieces("花三块五吧") == [
        InversePiece(0, 1, "花"),
        InversePiece(1, 4, "3.5元"),
        InversePiece(4, 5, "吧"),
    ]


def test_latin_words_and_figures_stay() -> None:
    text = "GPT-4 在 2026-03-05 有 3.5 亿 users, don't 3个"
    assert inverse_normalize(text) == text
