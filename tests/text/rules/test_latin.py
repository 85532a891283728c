import pytest

from tingshuo.text.rules.latin import beside_letters, roman


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("4", "四"),
        ("15", "十五"),
        ("100", "一百"),
        ("2000", "两千"),
        ("4090", "四零九零"),
        ("3.5", "三点五"),
        ("22.04", "二十二点零四"),
        ("007", "零零七"),
    ],
)
def test_digits_beside_letters(digits, spoken):
    assert beside_letters(digits) == spoken


def test_roman_numerals_read_back():
    signs = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    for value in range(1, 200):
        rest, written = value, ""
        for size, sign in signs:
            written += sign * (rest // size)
            rest %= size
        assert roman(written) == value
