import pytest

from tingshuo.text.arpabet import english_syllable
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.sandhi import Draft, apply_sandhi


def spoken(*words: str) -> str:
    """``"一 yi1 个 ge4"`` is a word; its part of speech may stand in front, as in ``v:看 kan4``."""
    drafts = []
    for word in words:
        tag, _, rest = word.rpartition(":")
        parts = rest.split()
        draft = Draft("".join(parts[::2]), tag or "n")
        for char, pinyin in zip(parts[::2], parts[1::2], strict=True):
            draft.append(char, pinyin.rstrip("!"), locked=pinyin.endswith("!"))
        drafts.append(draft)
    apply_sandhi(drafts, load_lexicon())
    return " ".join("".join(f"{b}{t}" for b, t in zip(d.bodies, d.tones, strict=True)) for d in drafts)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["老 lao3 虎 hu3"], "lao2hu3"),
        (["展 zhan3 览 lan3 馆 guan3"], "zhan2lan2guan3"),
        (["小 xiao3", "老 lao3 虎 hu3"], "xiao3 lao2hu3"),
        (["r:我 wo3", "d:很 hen3", "a:好 hao3"], "wo3 hen2 hao3"),
        (["雨 yu3 伞 san3", "a:好 hao3"], "yu2san2 hao3"),
        (["老 lao3! 虎 hu3"], "lao3hu3"),
    ],
)
def test_third_tones(words: list[str], expected: str) -> None:
    assert spoken(*words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["一 yi1 个 ge4"], "yi2ge4"),
        (["一 yi1 天 tian1"], "yi4tian1"),
        (["一 yi1! 天 tian1"], "yi1tian1"),
        (["第 di4 一 yi1", "名 ming2"], "di4yi1 ming2"),
        (["统 tong3 一 yi1", "的 de5"], "tong3yi1 de5"),
        (["v:看 kan4", "一 yi1", "v:看 kan4"], "kan4 yi5 kan4"),
        (["十 shi2 一 yi1", "个 ge4"], "shi2yi1 ge4"),
        (["不 bu4", "对 dui4"], "bu2 dui4"),
        (["不 bu4", "好 hao3"], "bu4 hao3"),
        (["v:去 qu4", "不 bu4", "v:去 qu4"], "qu4 bu5 qu4"),
        (["差 cha4 不 bu4 多 duo1"], "cha4bu5duo1"),
    ],
)
def test_yi_and_bu(words: list[str], expected: str) -> None:
    assert spoken(*words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["v:看 kan4 看 kan4"], "kan4kan5"),
        (["v:想 xiang3", "v:想 xiang3"], "xiang2 xiang5"),
        (["v:去 qu4", "过 guo4", "北 bei3 京 jing1"], "qu4 guo5 bei3jing1"),
        (["v:要 yao4", "过 guo4", "年 nian2"], "yao4 guo4 nian2"),
        (["v:站 zhan4", "起 qi3 来 lai2"], "zhan4 qi3lai5"),
        (["小 xiao3 姐 jie5"], "xiao2jie5"),
        (["姐 jie3 姐 jie5"], "jie3jie5"),
    ],
)
def test_neutral_tones(words: list[str], expected: str) -> None:
    assert spoken(*words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["点 dian3 儿 er2"], "dianr3"),
        (["哥 ge1 儿 r5 们 men5"], "ger1men5"),
        (["m:一 yi1 会 hui4 儿 er2"], "yi2huir4"),
        (["花 hua1", "儿 er2"], "huar1"),
        (["女 nv3 儿 er2"], "nv3er2"),
        (["儿 er2 子 zi5"], "er2zi5"),
        (["N:帖 tie1 木 mu4 儿 er2"], "tie1mu4er2"),
        (["混 hun4 血 xue4 儿 er2"], "hun4xue4er2"),
    ],
)
def test_erhua(words: list[str], expected: str) -> None:
    assert spoken(*words) == expected


def test_an_english_word_keeps_its_syllables_and_lends_its_stress() -> None:
    hello = (english_syllable("he", ("HH", "AH0")), english_syllable("llo", ("L", "OW1")))
    one, word = Draft("一", "m"), Draft.of_english("hello", hello)
    one.append("一", "yi1")
    apply_sandhi([one, word], load_lexicon())
    assert one.tones == [4]
    assert word.english == hello
    assert (word.chars, word.tones) == (["he", "llo"], [6, 8])
