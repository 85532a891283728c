import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.text.inverse_numbers import figures, parse, parse_short, write, write_short
from tingshuo.text.rules.numbers import cardinal


@given(st.integers(0, 10**16 - 1))
def test_what_is_said_is_understood(number: int) -> None:
    assert parse(cardinal(str(number))) == number


@given(st.integers(0, 10**16 - 1))
def test_what_is_written_is_the_number(number: int) -> None:
    written = write(number).replace(",", "")
    value = 0
    for unit, size in (("万亿", 10**12), ("亿", 10**8), ("万", 10**4)):
        if unit in written:
            part, written = written.split(unit)
            value += int(part) * size
    assert value + int(written or 0) == number


@pytest.mark.parametrize(
    "spoken", ["三五百", "十七八", "百万", "一一", "十十", "三百五十六十", "一百零零五", "零五", "万", "二两", "一亿亿万"]
)
def test_what_is_no_number_is_none(spoken: str) -> None:
    assert parse(spoken) is None


@pytest.mark.parametrize(
    ("spoken", "number"), [("两", 2), ("二百", 200), ("两百", 200), ("一十五", 15), ("一百十五", 115), ("〇", 0)]
)
def test_variants_are_understood(spoken: str, number: int) -> None:
    assert parse(spoken) == number


@pytest.mark.parametrize(
    ("spoken", "number", "written"),
    [("三万五", 35000, "3.5万"), ("一百八", 180, "180"), ("两千三", 2300, "2300"), ("三亿五", 350_000_000, "3.5亿")],
)
def test_a_last_digit_without_its_place(spoken: str, number: int, written: str) -> None:
    assert parse_short(spoken) == number
    assert write_short(number) == written


@pytest.mark.parametrize("spoken", ["一百零八", "十五", "百八", "三", "万一", "三十五"])
def test_other_numerals_have_their_places(spoken: str) -> None:
    assert parse_short(spoken) is None


def test_digits_one_by_one() -> None:
    assert figures("幺三八零〇两") == "138002"
