"""Text in pieces: together they are the text, and the sentences are those of the whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.text.arriving import Arriving
from tingshuo.text.frontend import Frontend

TEXT = (
    "你好！今天天气真好，我们去公园吧。圆周率是3.14，不是3。“走吧。”他说道：“带上伞，也许会下雨！”（真的会吗？）她笑了。\n"
    "第二段从这里开始；Dr. Wang说：OK. 明天见。\n\n第三段只有一句，可是它很长很长，"
    "长到要在逗号的地方断开，不然一口气读不完，对不对呢？好的"
)


def cut(text: str, size: int) -> list[str]:
    """What comes out when a text comes in pieces of a size."""
    arriving = Arriving()
    parts = [arriving.add(text[n : n + size]) for n in range(0, len(text), size)]
    return [part for part in (*parts, arriving.rest()) if part]


def spoken(texts: list[str]) -> list[tuple[str, ...]]:
    return [
        tuple(syllable.pinyin for word in sentence.words for syllable in word.syllables)
        for text in texts
        for sentence in Frontend(first_budget=12 if text is texts[0] else 0).sentences(text)
    ]


@pytest.mark.parametrize("size", [1, 2, 5, 23, 1000])
def test_the_sentences_are_those_of_the_whole_text(size):
    parts = cut(TEXT, size)
    assert "".join(parts) == TEXT
    assert spoken(parts) == spoken([TEXT])


def test_a_sentence_is_given_when_nothing_to_come_can_change_it():
    arriving = Arriving()
    assert arriving.add("你好！") == ""
    assert arriving.add("今天天气真好，我们去") == "你好！"
    assert arriving.add("公园。“好。") == ""
    assert arriving.add("”他说道：“走。”然后他就走了，没有回头") == "今天天气真好，我们去公园。“好。”他说道：“走。”"
    assert len(arriving) == 11
    assert arriving.add("。\n新") == "然后他就走了，没有回头。\n"
    assert arriving.rest() == "新"
    assert (len(arriving), arriving.rest()) == (0, "")


def test_markup_waits_for_its_end():
    arriving = Arriving()
    text = '<speak>你好。<break time="1s"/>今天天气真好，我们去公园。明天再说吧，好不好呢，我也不知道。</speak>'
    assert [arriving.add(character) for character in f"  {text}"] == [""] * (len(text) + 2)
    assert arriving.rest() == f"  {text}"
    assert arriving.add("一句话说完了。后面还有十个以上的字呢对不对") == "一句话说完了。"  # a new text


@given(st.lists(st.text("你好。！？”“\n .3abc，<", max_size=8), max_size=20))
def test_nothing_is_lost_and_nothing_is_said_twice(pieces):
    arriving = Arriving()
    parts = [arriving.add(piece) for piece in pieces]
    assert "".join(parts) + arriving.rest() == "".join(pieces)
