import pytest

from tingshuo.text.rules.money import amount, scaled


@pytest.mark.parametrize(
    ("written", "exponent", "spoken"),
    [
        ("3.5", 3, "三千五百"),
        ("2.567", 3, "两千五百六十七"),
        ("1.2345", 3, "一千二百三十四点五"),
        ("0.5", 3, "五百"),
        ("10", 9, "一百亿"),
        ("0", 3, "零"),
    ],
)
def test_scaled(written, exponent, spoken):
    assert scaled(written, exponent) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("12.50", "十二点五元"),
        ("12.00", "十二元"),
        ("0.05", "零点零五元"),
        ("10-20", "十到二十元"),
        ("2", "两元"),
        ("-5", "负五元"),
    ],
)
def test_amounts_lose_the_zeros_at_their_end(written, spoken):
    assert amount(written, "元") == spoken
