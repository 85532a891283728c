from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import TextError
from tingshuo.text.g2p import PAUSES_MS, g2p, g2p_report
from tingshuo.text.symbols import encode
from tingshuo.types import Word

GOLDEN = [
    line.split("\t")
    for line in (Path(__file__).parent / "golden" / "g2p.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def pinyin(words: list[Word]) -> str:
    return " ".join("".join(s.pinyin for s in word.syllables) if word.syllables else "|" for word in words)


def test_golden_file_is_large_enough_and_has_no_double() -> None:
    assert len(GOLDEN) >= 300
    assert len({text for text, _ in GOLDEN}) == len(GOLDEN)


@pytest.mark.parametrize(("text", "spoken"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_golden(text: str, spoken: str) -> None:
    assert pinyin(g2p(text)) == spoken


def test_a_syllable_carries_its_parts() -> None:
    (word,) = g2p("点儿")
    (syllable,) = word.syllables
    assert (word.text, syllable.hanzi, syllable.pinyin) == ("点儿", "点儿", "dianr3")
    assert (syllable.initial, syllable.final, syllable.tone, syllable.erhua) == ("d", "ian", 3, True)
    assert g2p("重庆")[0].syllables[0].pinyin == "chong2"


def test_marks_become_pauses_of_their_length() -> None:
    words = g2p("你好，世界。")
    assert [(w.text, w.pause_ms) for w in words if not w.syllables] == [("，", PAUSES_MS["，"]), ("。", PAUSES_MS["。"])]
    assert PAUSES_MS["、"] < PAUSES_MS["，"] < PAUSES_MS["；"] < PAUSES_MS["。"]


def test_neighbouring_marks_are_one_pause_of_the_longest() -> None:
    words = g2p("真的吗？！”他问")
    (pause,) = [w for w in words if not w.syllables]
    assert pause.text == "？！"
    assert pause.pause_ms == PAUSES_MS["？"]


def test_quotes_and_blanks_beside_latin_do_not_pause() -> None:
    assert all(w.syllables for w in g2p("《红楼梦》和 AI 技术“很好”"))


def test_tones_do_not_change_across_a_pause() -> None:
    assert pinyin(g2p("你，好")) == "ni3 | hao3"


def test_what_cannot_be_spoken_is_listed() -> None:
    result = g2p_report("你好こんにちは，мир★世界")
    assert result.dropped == ("こんにちは", "мир★")
    assert "".join(w.text for w in result.words) == "你好，世界"


def test_digits_are_spoken_one_by_one() -> None:
    words = g2p("房间４02")
    assert pinyin(words[1:]) == "si4ling2er4"
    assert [s.hanzi for s in words[1].syllables] == ["４", "0", "2"]


def test_the_words_of_the_user_win() -> None:
    lexicon = {"重庆路": ("zhong4", "qing4", "lu4"), "GPT": ("ji1", "pi1", "ti1"), "一把": ("yi1", "ba3")}
    assert pinyin(g2p("重庆路很长", lexicon)) == "zhong4qing4lu4 hen3 chang2"
    assert pinyin(g2p("用GPT写", lexicon)) == "yong4 ji1pi1ti1 xie3"
    assert pinyin(g2p("ChatGPTs", lexicon)) == pinyin(g2p("ChatGPTs"))
    assert pinyin(g2p("一把伞", lexicon)) == "yi4ba2 san3"  # the rules of speech still apply


@pytest.mark.parametrize("entry", [{"重庆": ("chong2",)}, {"重庆": ("chong2", "king4")}, {"重庆": ()}, {" ": ("a1",)}])
def test_a_wrong_entry_of_the_user_is_refused(entry: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(TextError):
        g2p("重庆", entry)


def test_fixed_readings_are_spoken_as_written() -> None:
    result = g2p_report("重庆的一天，我不对", fixed={0: "zhong4", 3: "yi1", 7: "bu4"})
    assert pinyin(list(result.words)) == "zhong4qing4 de5 yi1tian1 | wo3 bu4 dui4"
    with pytest.raises(TextError):
        g2p_report("重", fixed={0: "chongg2"})


def test_a_fixed_third_tone_stays_but_its_neighbour_sees_it() -> None:
    assert pinyin(list(g2p_report("你好", fixed={0: "ni3"}).words)) == "ni3hao3"
    assert pinyin(list(g2p_report("你行", fixed={1: "xing3"}).words)) == "ni2 xing3"


def test_nothing_comes_of_nothing() -> None:
    assert g2p_report("") == g2p_report(" ")
    assert g2p("") == []


@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("重庆的一不儿子了得长，。！“A bc'9é龘𠮷αЖの\u3000\n"), st.characters()), max_size=40
    )
)
@settings(max_examples=300, deadline=None)
def test_every_character_is_spoken_a_pause_or_listed(text: str) -> None:
    result = g2p_report(text)
    left = list("".join(w.text for w in result.words) + "".join(result.dropped))
    for char in text:
        if PAUSES_MS.get(char) != 0 and not char.isspace():
            assert char in left, f"{char!r} of {text!r} is lost"
            left.remove(char)
    encode(result.words)
