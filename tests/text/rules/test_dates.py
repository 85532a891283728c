import pytest

from tingshuo.text.normalize import normalize

_DATE = "二零二六年三月五日"


@pytest.mark.parametrize("written", ["2026年3月5日", "2026-03-05", "2026/3/5", "2026.3.5", "2026年03月05日", "2026 年 3 月 5 日"])
def test_the_forms_of_one_date(written):
    assert normalize(written) == _DATE


@pytest.mark.parametrize("written", ["2026-13-05", "2026-03-32"])
def test_no_such_date_is_not_a_date(written):
    assert "月" not in normalize(written)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("98年的夏天", "九八年的夏天"), ("成立98年", "成立九十八年"), ("98年来", "九十八年来"), ("20年", "二十年")],
)
def test_two_digits_are_a_year_or_a_length(written, spoken):
    assert normalize(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"), [("3/5下午", "三月五日下午"), ("3/5的人", "五分之三的人"), ("时间3/5", "时间三月五日")]
)
def test_a_slash_is_a_date_only_in_its_context(written, spoken):
    assert normalize(written) == spoken
