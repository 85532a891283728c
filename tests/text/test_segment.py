import pytest

from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.segment import segment


@pytest.mark.parametrize(
    "words",
    ["今天 上午 我们 去 公园 散步", "银行 行长", "我们 的 孩子", "研究 生命 的 起源", "重庆 和 上海", "他 在 展览馆 看 小 老虎"],
)
def test_words(words: str) -> None:
    tokens = segment(words.replace(" ", ""), load_lexicon())
    assert " ".join(t.text for t in tokens) == words


def test_tokens_cover_the_text_in_order() -> None:
    text = "龘𠮷重庆A路"
    tokens = segment(text, load_lexicon())
    assert "".join(t.text for t in tokens) == text
    assert [t.start for t in tokens] == [sum(len(u.text) for u in tokens[:i]) for i in range(len(tokens))]
    assert segment("", load_lexicon()) == []


@pytest.mark.parametrize("text", ["他挥着手", "挥舞着手臂", "试着装好", "空着手来"])
def test_zhe_belongs_to_the_verb_before_it(text: str) -> None:
    assert "着" in [token.text for token in segment(text, load_lexicon())]


@pytest.mark.parametrize("text", ["开始着手准备", "从小事着手", "刚着陆", "他着实吃惊"])
def test_zhe_starts_a_word_after_anything_else(text: str) -> None:
    assert "着" not in [token.text for token in segment(text, load_lexicon())]
