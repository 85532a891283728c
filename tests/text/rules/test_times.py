import pytest

from tingshuo.text.normalize import normalize
from tingshuo.text.rules.times import clock


@pytest.mark.parametrize(
    ("parts", "spoken"),
    [
        (("8", "30"), "八点三十分"),
        (("08", "05"), "八点零五分"),
        (("2", "00"), "两点"),
        (("0", "00"), "零点"),
        (("12", "00", "09"), "十二点零分零九秒"),
    ],
)
def test_clock(parts, spoken):
    assert clock(*parts) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("25:30", "二十五比三十"),
        ("比分21:15", "比分二十一比十五"),
        ("21:15开始", "二十一点十五分开始"),
        ("用时21:15", "用时二十一分十五秒"),
        ("3:2", "三比二"),
    ],
)
def test_a_colon_is_a_clock_a_score_or_a_length_of_time(written, spoken):
    assert normalize(written) == spoken
