import pytest

from tingshuo.text.rules.traditional import _table, simplify


@pytest.mark.parametrize(
    ("written", "simplified"),
    [
        ("頭髮與發展", "头发与发展"),
        ("皇后以後", "皇后以后"),
        ("乾隆擦乾", "乾隆擦干"),
        ("看著名著", "看着名著"),
        ("隨著", "随着"),
        ("瞭解瞭望", "了解瞭望"),
        ("宮商角徵羽", "宫商角徵羽"),
        ("徵求", "征求"),
        ("狼藉", "狼藉"),
        ("憑藉", "凭借"),
        ("乾坤", "乾坤"),
        ("答覆", "答复"),
        ("覆蓋", "覆盖"),
    ],
)
def test_by_phrase_and_context(written, simplified):
    assert simplify(written) == simplified


@pytest.mark.parametrize(
    "text", ["著名作家编著的名著", "乾隆年间", "康乾盛世", "土著居民", "以后皇后", "里面面条", "沉默", "干净的头发", "张乾明"]
)
def test_simplified_text_stays(text):
    assert simplify(text) == text


def test_no_simplified_character_is_traditional_itself():
    characters = _table().characters
    assert len(characters) > 2900
    assert not [char for char in characters.values() if ord(char) in characters]
