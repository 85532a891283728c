import pytest

from tingshuo.text.inverse_rules import MASK
from tingshuo.text.inverse_words import inner, masked
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.segment import segment


def mask(text: str) -> str:
    return masked(text, segment(text, load_lexicon()))


@pytest.mark.parametrize("text", ["一心一意", "星期三", "张三", "三国", "万一", "十分", "五一劳动节", "正月十五"])
def test_numerals_of_words_are_masked(text: str) -> None:
    assert MASK in mask(text)
    assert not set(mask(text)) & set("一二三四五六七八九十万")


@pytest.mark.parametrize("text", ["三月", "两斤", "五十", "三百元", "十分钟", "第三章", "零点五", "二十三国"])
def test_numerals_of_numbers_are_not(text: str) -> None:
    assert mask(text) == text


def test_no_number_ends_inside_a_word() -> None:
    tokens = segment("十五月饼", load_lexicon())
    assert inner(tokens) == {3}
