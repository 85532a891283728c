import pytest

from tingshuo.text.lm.characters import characters_of, sentences


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("今天，天气很好！", "今天天气很好"),
        ("他有 3 个 Apple Watch。", "他有三个apple watch"),
        ("Ｈｅｌｌｏ world, it's 好", "hello world it's好"),
        ("……", ""),
        ("", ""),
    ],
)
def test_what_is_heard_of_a_text(text: str, heard: str) -> None:
    assert characters_of(text) == heard


def test_each_sentence_comes_once() -> None:
    assert list(sentences(["你好。再见！你好", "再见", "好"])) == ["你好", "再见"]


def test_what_is_kept_back_is_kept_back_whatever_its_punctuation() -> None:
    texts = ["今天下雨。带伞吧！", "今天下雨", "带伞吧", "明天晴"]
    assert list(sentences(texts, ["今天下雨，带伞吧。"])) == ["今天下雨", "带伞吧", "明天晴"]
    assert list(sentences(texts, ["今天下雨。带伞吧。"])) == ["明天晴"]
