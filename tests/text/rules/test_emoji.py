import pytest

from tingshuo.text.rules.emoji import _names, speak_emoji


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("好👍", "好，点赞"),
        ("👍好", "点赞，好"),
        ("好👍。", "好，点赞。"),
        ("好，👍好", "好，点赞，好"),
        ("👍👍👍", "点赞"),
        ("👍🏽", "点赞"),
        ("❤️", "爱心"),
        ("👍👏", "点赞，鼓掌"),
        ("👨‍👩‍👧", "一家人"),
        ("🇨🇳", "中国国旗"),
        ("按3️⃣键", "按3键"),
        ("3️⃣打开", "3、打开"),
        ("🪬", ""),
        ("2→3", "2→3"),
    ],
)
def test_emoji(written, spoken):
    assert speak_emoji(written, {}) == spoken


def test_each_kind_is_told_once():
    warnings = {}
    speak_emoji("👍好👍🪬🪬", warnings)
    assert len(warnings) == 2


def test_every_name_in_the_table_is_reachable_and_chinese():
    for emoji, name in _names().items():
        assert speak_emoji(emoji, {}) == name
        assert all("\u4e00" <= char <= "\u9fff" for char in name)


@pytest.mark.parametrize("face", ["^_^", "(^_^)", "T_T", "(╯°□°）", "-_-||"])
def test_faces_are_dropped_with_a_warning(face):
    warnings = {}
    assert speak_emoji(f"好{face}", warnings) == "好"
    assert warnings


@pytest.mark.parametrize("text", ["(好)", "（……）", "T恤", "a^2", "(-1)"])
def test_what_is_no_face_stays(text):
    assert speak_emoji(text, {}) == text
