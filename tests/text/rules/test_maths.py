import pytest

from tingshuo.text.normalize import normalize
from tingshuo.text.rules.maths import fraction


@pytest.mark.parametrize(
    ("parts", "spoken"),
    [
        (("3", "4"), "四分之三"),
        (("1", "2", "1"), "一又二分之一"),
        (("1", "100"), "百分之一"),
        (("1", "120"), "一百二十分之一"),
        (("1", "10"), "十分之一"),
    ],
)
def test_fractions(parts, spoken):
    assert fraction(*parts) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("3-1", "三比一"),
        ("1-3", "一到三"),
        ("比分3-1", "比分三比一"),
        ("3-1=2", "三减一等于二"),
        ("-1", "负一"),
        ("1/0", "一、零"),
        ("x-1=0", "x减一等于零"),
        ("6/2=3", "六除以二等于三"),
    ],
)
def test_one_sign_in_its_contexts(written, spoken):
    assert normalize(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2^-3", "二的负三次方"),
        ("2^n", "二的n次方"),
        ("3×10^+8", "三乘十的八次方"),
        ("2^{10}", "二的十次方"),
        ("10⁻³", "十的负三次方"),
        ("5³", "五的立方"),
    ],
)
def test_powers(written, spoken):
    assert normalize(written) == spoken
