import pytest

from tingshuo.text.normalize import normalize
from tingshuo.text.rules.web import say_address


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("a_b.com/x1", "a下划线b点com斜杠x一"),
        ("a-1", "a杠一"),
        ("163.com", "一六三点com"),
        ("a?b=c&d", "a问号b等于c和d"),
        ("q#1", "q井号一"),
    ],
)
def test_addresses_are_said_mark_by_mark(written, spoken):
    assert say_address(written) == spoken


def test_the_sentence_goes_on_after_an_address():
    assert normalize("看http://a.cn/，然后") == "看a点cn，然后"
    assert normalize("See https://a.cn/b.") == "See a点cn斜杠b。"


def test_an_address_needs_its_ending():
    assert normalize("3.14") == "三点一四"
    assert normalize("你好.再见") == "你好。再见"
