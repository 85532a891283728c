import pytest

from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.names import SURNAMES, find_surnames
from tingshuo.text.segment import segment
from tingshuo.text.symbols import split_syllable


def surnames(text: str) -> dict[int, str]:
    return find_surnames(segment(text, load_lexicon()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("单老师", {0: "shan4"}),
        ("我姓单", {2: "shan4"}),
        ("小任", {1: "ren2"}),
        ("解晓东", {0: "xie4"}),
        ("曾国藩", {0: "zeng1"}),
        ("尉迟恭", {0: "yu4", 1: "chi2"}),
        ("区先生", {0: "ou1"}),
    ],
)
def test_surnames_are_found(text: str, found: dict[int, str]) -> None:
    assert surnames(text) == found


@pytest.mark.parametrize("text", ["单位", "曾经", "任务完成了", "小区", "解放", "仇恨", "检查", "中华", "燕子", "覆盖", "任何人"])
def test_other_words_are_left_alone(text: str) -> None:
    assert surnames(text) == {}


def test_every_surname_has_a_syllable_a_character() -> None:
    for surname, readings in SURNAMES.items():
        assert len(surname) == len(readings)
        assert all(split_syllable(r) for r in readings)
