import pytest

from tingshuo.text.contexts import read_de, read_in_context
from tingshuo.text.g2p import g2p
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.segment import segment


@pytest.mark.parametrize(
    ("text", "char", "pinyin"),
    [
        ("头发很长。", "长", "chang2"),
        ("别忘了还我钱", "还", "huan2"),
        ("他为我做饭", "为", "wei4"),
        ("养了三只羊", "只", "zhi1"),
        ("你教我游泳", "教", "jiao1"),
        ("请了三天假", "假", "jia4"),
        ("把他当朋友", "当", "dang4"),
        ("我们走吧！", "吧", "ba5"),
        ("怎么也睡不着", "着", "zhao2"),
        ("差五分十点", "差", "cha4"),
        ("我想睡个好觉", "觉", "jiao4"),
        ("在地上种花", "种", "zhong4"),
        ("合唱团静静地等着", "地", "de5"),
        ("咱们得走了", "得", "dei3"),
        ("下了一场大雨", "场", "chang2"),
        ("看了三场电影", "场", "chang3"),
        ("量一量体温", "量", "liang2"),
        ("调不调都行", "调", "tiao2"),
    ],
)
def test_contexts(text: str, char: str, pinyin: str) -> None:
    assert read_in_context(text).get(text.index(char)) == pinyin


def test_places_everywhere_keep_their_tone() -> None:
    assert [s.pinyin for word in g2p("处处闻啼鸟") for s in word.syllables][:2] == ["chu4", "chu4"]


@pytest.mark.parametrize("text", ["这只是开始", "他成为我的老师", "宗教我不懂", "去酒吧", "吐谷浑", "还是你", "三种书"])
def test_look_alikes_are_left_alone(text: str) -> None:
    assert read_in_context(text) == {}


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [("我得走了", "dei3"), ("跑得很快", "de5"), ("他得到了", ""), ("得", ""), ("你得努力", "dei3"), ("我得了奖", "")],
)
def test_de(text: str, pinyin: str) -> None:
    tokens = segment(text, load_lexicon())
    places = [i for i, t in enumerate(tokens) if t.text == "得"]
    assert [read_de(tokens, i) for i in places] in ([pinyin], [] if not pinyin else None)
