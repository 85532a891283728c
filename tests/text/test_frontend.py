import doctest
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import SsmlError, TextError, TooLargeError
from tingshuo.text.frontend import BORDER_PAUSES_MS, KEPT_PIECES, MAX_WARNINGS, Frontend, spoken_plainly
from tingshuo.text.phrase import MAX_SYLLABLES
from tingshuo.text.sayas import KINDS
from tingshuo.types import MAX_CHARACTERS, Sentence

CHAPTER = (
    "第三章　雨夜\n\n　　雨下了整整一夜。“你来了？”老人抬起头，看着门口的年轻人，“我还以为你不会来了呢。”\n"
    "　　“下这么大的雨……”年轻人把伞靠在墙边，“我本来也想着，要不就明天再来。可是一想到您一个人在这儿，我就坐不住了。”"
    "他看了看表，已经8:30了；距离天亮还有9.5小时，网上（https://example.com/a.html?x=1,2）说，2023年5月6日的气温只有-3℃。\n\n"
    "    雨停了。\n"
)

DOCS = Path(__file__).parents[2] / "docs"


def spoken(text: str, lexicon: Path | None = None) -> list[Sentence]:
    return list(Frontend(lexicon).sentences(text))


def pinyin(sentences: list[Sentence]) -> str:
    return " ".join(s.pinyin for sentence in sentences for word in sentence.words for s in word.syllables)


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_chapter_comes_as_sentences_that_make_up_its_text() -> None:
    sentences = spoken(CHAPTER)
    assert squeezed("".join(sentence.source for sentence in sentences)) == squeezed(CHAPTER)
    assert sentences[0].source == "第三章　雨夜"
    assert sentences[2].source == "“你来了？”"
    assert all(0 < sum(len(word.syllables) for word in sentence.words) <= MAX_SYLLABLES for sentence in sentences)
    assert any("二零二三年五月六日" in sentence.spoken for sentence in sentences)


def test_line_and_paragraph_ends_pause() -> None:
    last = [sentence.words[-1].pause_ms for sentence in spoken("标题\n\n第一行\n第二行")]
    assert last == [BORDER_PAUSES_MS["paragraph"], BORDER_PAUSES_MS["line"], 0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u0085"])
def test_line_ends_of_every_kind(end: str) -> None:
    assert [sentence.source for sentence in spoken(f"一行{end}二行{end}{end}三行")] == ["一行", "二行", "三行"]
    assert spoken(f"一行{end}{end}二行")[0].words[-1].pause_ms == BORDER_PAUSES_MS["paragraph"]


def test_a_line_break_inside_an_english_sentence_is_a_blank() -> None:
    assert [sentence.source for sentence in spoken("hello my dear\nworld.\nBye.")] == ["hello my dear world.", "Bye."]
    assert [sentence.source for sentence in spoken("apple\nbanana")] == ["apple", "banana"]


def test_the_first_sentence_is_short_and_comes_before_the_rest_is_read() -> None:
    frontend = Frontend()
    sentences = frontend.sentences("他慢慢地走到窗前，看着外面的大雨，一句话也没有说。\n好。\n" + "你[xyz9]好。" * 3)
    assert next(sentences).source == "他慢慢地走到窗前，"
    assert frontend.warnings == ()
    assert next(sentences).source == "看着外面的大雨，一句话也没有说。"
    list(sentences)
    assert len([warning for warning in frontend.warnings if "[xyz9]" in warning]) == 1


def test_inline_pinyin_in_text_and_markup() -> None:
    assert pinyin(spoken("我去重[zhong4]庆，重[chóng]庆。")) == "wo3 qu4 zhong4 qing4 chong2 qing4"
    assert pinyin(spoken("<speak>我去重[zhong4]庆</speak>")) == "wo3 qu4 zhong4 qing4"
    assert spoken("我去重[zhong4]庆。")[0].source == "我去重庆。"


def test_a_mark_that_is_no_pinyin_is_told_and_its_letters_are_spoken() -> None:
    frontend = Frontend()
    (sentence,) = frontend.sentences("你[xyz9]好")
    assert any("[xyz9]" in warning for warning in frontend.warnings)
    assert len(sentence.words[0].syllables) == 1
    assert sum(len(word.syllables) for word in sentence.words) > 3


def test_markup_makes_one_sentence_of_several_manners() -> None:
    (sentence,) = spoken("<speak>你好<prosody rate='fast'>世界</prosody>，<emotion category='happy'>哈哈</emotion></speak>")
    assert [(word.text, word.prosody.rate, word.prosody.emotion) for word in sentence.words if word.syllables] == [
        ("你好", 1.0, None),
        ("世界", 1.33, None),
        ("哈哈", 1.0, "happy"),
    ]


def test_pauses_of_markup_are_exact() -> None:
    first, second = spoken("<speak><p>一段。</p><break time='2s'/><p>二段</p></speak>")
    assert first.words[-1].pause_ms == 2000
    assert second.words[-1].pause_ms == BORDER_PAUSES_MS["paragraph"]


def test_words_said_otherwise() -> None:
    (sentence,) = spoken("<speak>打<say-as interpret-as='telephone'>110</say-as>找<sub alias='世卫组织'>WHO</sub></speak>")
    assert sentence.source == "打110找WHO"
    assert sentence.spoken == "打幺幺零找世卫组织"


def test_a_spoken_telephone_number_is_not_cut() -> None:
    sentences = spoken("<speak>请拨打<say-as interpret-as='telephone'>+86 138-0013-8000</say-as>，谢谢您的来电，再见</speak>")
    assert sentences[0].source == "请拨打+86 138-0013-8000，"


def test_the_users_lexicon(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_text("重庆 zhong4 qing4\nGPT-4 => 吉皮提四\n花儿 huar1\n", "utf-8")
    (sentence,) = spoken("重庆的花儿和GPT-4", path)
    assert pinyin([sentence]).startswith("zhong4 qing4 de5 huar1 he2 ji2 pi2 ti2 si4")
    assert sentence.source == "重庆的花儿和GPT-4"


@pytest.mark.parametrize("text", ["", " ", "\n\n\t　", "\ufeff", "\x00\ud800"])
def test_empty_text(text: str) -> None:
    with pytest.raises(TextError, match=r"^text is empty"):
        spoken(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("。！？……", "'。！？……'"), ("“”", "'“”'"), ("ꙮ" * 30, "ꙮ…'"), ("<speak>，</speak>", "'，'"), ("<speak/>", "no text")],
)
def test_nothing_to_speak(text: str, found: str) -> None:
    with pytest.raises(TextError) as caught:
        spoken(text)
    assert "nothing to speak" in str(caught.value)
    assert found in str(caught.value)


def test_too_much_text() -> None:
    with pytest.raises(TooLargeError, match=rf"100001 characters; at most {MAX_CHARACTERS}\b"):
        spoken("好" * (MAX_CHARACTERS + 1))
    assert next(Frontend().sentences("好。" * (MAX_CHARACTERS // 2))).source == "好。"


def test_what_is_no_text_is_removed_with_a_warning() -> None:
    frontend = Frontend()
    (sentence,) = frontend.sentences("你\x00好\ud800世\ue000界\x7f")
    assert sentence.source == "你好世界"
    assert frontend.warnings == ("Removed 4 characters that are not text (U+0000 U+007F U+D800 U+E000).",)
    with pytest.raises(SsmlError):
        spoken("\x00<speak>\ud800<foo/></speak>")


def test_unspeakable_pieces_join_the_source_of_what_follows() -> None:
    assert [sentence.source for sentence in spoken("ꙮꙮ。你好。")] == ["ꙮꙮ。你好。"]
    assert [sentence.source for sentence in spoken("一\n***\n二")] == ["一", "***\n二"]


def test_warnings_are_told_once_and_not_without_end() -> None:
    frontend = Frontend()
    syllables = [f"{a}{b}" for a in "abcdefghi" for b in "xyz"]
    list(frontend.sentences("".join(f"你[q{s}9]好。" for s in syllables) * 2))
    assert len(frontend.warnings) == MAX_WARNINGS + 1
    assert frontend.warnings[-1] == f"And {len(syllables) - MAX_WARNINGS} more warnings."
    list(frontend.sentences("你好"))
    assert frontend.warnings == ()


def test_malformed_markup_is_refused() -> None:
    with pytest.raises(SsmlError, match=r"^SSML line 2, column 3: "):
        spoken("<speak>\n  <foo>你好</foo></speak>")


def _is_spoken_or_refused(text: str) -> None:
    try:
        sentences = spoken(text)
    except (TextError, TooLargeError):
        return
    assert sentences
    for sentence in sentences:
        assert 0 < sum(len(word.syllables) for word in sentence.words) <= MAX_SYLLABLES
        assert all(bool(word.syllables) != (word.pause_ms > 0) for word in sentence.words)


@given(st.text(max_size=80))
@settings(deadline=None)
def test_any_text_is_spoken_or_refused(text: str) -> None:
    _is_spoken_or_refused(text)


@given(st.text("重庆[chong2]3.℃，。“”（）\n aB-/&<>😀\u3000\ud800", max_size=80))
@settings(deadline=None)
def test_any_text_near_the_marks_is_spoken_or_refused(text: str) -> None:
    _is_spoken_or_refused(text)


_PARTS = st.sampled_from(
    [
        "你好",
        "3℃",
        "，",
        "。",
        "\n",
        "重[chong2]庆",
        "[x]",
        "<break time='1s'/>",
        "<break strength='none'/>",
        "<p>",
        "</p>",
        "<s>",
        "</s>",
        "<prosody rate='fast'>",
        "</prosody>",
        "<emphasis>",
        "</emphasis>",
        "<sub alias='世界'>WHO</sub>",
        "<phoneme ph='huar1'>花儿</phoneme>",
        "<say-as interpret-as='telephone'>110-120</say-as>",
        "<emotion category='sad'>",
        "</emotion>",
        "ꙮ",
        " ",
        "12345678901234567890",
    ]
)


@given(st.lists(_PARTS, max_size=12))
@settings(deadline=None)
def test_any_markup_is_spoken_or_refused(parts: list[str]) -> None:
    _is_spoken_or_refused(f"<speak>{''.join(parts)}</speak>")


@given(
    st.lists(st.sampled_from(["你好", "。", "，", "“", "”", "！", "3.5", "A", "（", "）", "走了", "……"]), min_size=1, max_size=60)
)
@settings(deadline=None)
def test_sources_make_up_the_text(parts: list[str]) -> None:
    text = "".join(parts) + "好"
    assert "".join(sentence.source for sentence in spoken(text)) == text


def test_importing_brings_nothing_heavy() -> None:
    code = (
        "import sys, tingshuo.types; before = set(sys.modules); import tingshuo.text.frontend;"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyexpat", "xml", "lxml", "difflib", "rjieba", "onnxruntime", "pydantic", "jieba"} & set(loaded)


def test_the_examples_of_the_text_page_hold() -> None:
    page = doctest.DocTestParser().get_doctest((DOCS / "text.md").read_text("utf-8"), {}, "text.md", "text.md", 0)
    assert len(page.examples) > 10
    told: list[str] = []
    doctest.DocTestRunner().run(page, out=told.append)
    assert not told, "".join(told)


_MARKUP = re.findall(r"```xml\n(.*?)\n```\n\n读作：`(.*?)`", (DOCS / "ssml.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("document", "said"), _MARKUP, ids=lambda value: value[:20])
def test_the_examples_of_the_markup_page_hold(document: str, said: str) -> None:
    frontend = Frontend()
    assert "".join(sentence.spoken for sentence in frontend.sentences(document)) == said
    assert frontend.warnings == ()


_NUMBERS = (DOCS / "ssml.md").read_text("utf-8").partition("| `interpret-as` |")[2].partition("\n\n")[0]
_SAY_AS = re.findall(r"^\| ((?:`[a-z-]+` ?)+)\| ([^|]+) \| ([^|]+) \|$", _NUMBERS, re.MULTILINE)


def test_the_kinds_of_the_markup_page_are_those_there_are() -> None:
    named = [name.strip("`") for names, _, _ in _SAY_AS for name in names.split()]
    assert sorted(named) == sorted(KINDS)


@pytest.mark.parametrize(("names", "written", "said"), _SAY_AS)
def test_the_readings_of_the_markup_page_hold(names: str, written: str, said: str) -> None:
    for name in names.split():
        (sentence,) = spoken(f"<speak><say-as interpret-as='{name.strip('`')}'>{written}</say-as></speak>")
        assert sentence.spoken == said


def pinyin_of(text: str, english: bool) -> list[str]:
    return [s.pinyin for sentence in Frontend(english=english).sentences(text) for word in sentence.words for s in word.syllables]


def test_latin_words_have_english_phones_only_for_voices_that_have_them() -> None:
    assert pinyin_of("用APP", english=False) == ["yong4", "ai1", "pu5"]
    assert pinyin_of("用APP", english=True) == ["yong4", "AE1 P"]


def test_numbers_in_english_are_read_in_english_by_voices_that_have_it() -> None:
    (sentence,) = Frontend(english=True, first_budget=0).sentences("他说 I have 3 dogs 吧3")
    assert sentence.source == "他说 I have 3 dogs 吧3"
    assert sentence.spoken.endswith("I have three dogs吧三")


def test_arpabet_that_is_given_becomes_the_nearest_syllables_of_a_voice_without_english() -> None:
    markup = "<speak>说<phoneme alphabet='x-arpabet' ph='HH AH0 L OW1'>hello</phoneme></speak>"
    assert pinyin_of(markup, english=True) == ["shuo1", "HH AH0", "L OW1"]
    assert pinyin_of(markup, english=False) == ["shuo1", "he1", "lou4"]


def test_a_pause_inside_an_english_word_stands_after_it() -> None:
    (sentence,) = Frontend(english=True).sentences("<speak>说hel<break time='50ms'/>lo了</speak>")
    assert [word.text or word.pause_ms for word in sentence.words] == ["说", "hello", 50, "了"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["重", "重庆", "长大了", "3.5元", "OK", "，", "。", "☃", "\n", " ", "一不", "[ch", "(chong2)", "1:2"]),
        min_size=1,
    ),
    st.booleans(),
)
def test_what_is_known_by_heart_is_what_would_be_worked_out(parts: list[str], english: bool) -> None:
    """Once by heart and once not: the same sentences, and the same warnings."""
    text, found = "".join(parts), []
    for speak in (spoken_plainly, spoken_plainly, spoken_plainly.__wrapped__, None):
        frontend = Frontend(english=english)
        with pytest.MonkeyPatch.context() as patch:
            if speak is None:
                patch.setattr("tingshuo.text.frontend._is_plain", lambda *_: False)
            else:
                patch.setattr("tingshuo.text.frontend.spoken_plainly", speak)
            try:
                found.append((list(frontend.sentences(text)), frontend.warnings))
            except TextError as error:
                found.append((str(error), frontend.warnings))
    assert found[0] == found[1] == found[2] == found[3]


@pytest.mark.parametrize(
    "marked",
    ["重(zhong4)庆。", '<speak>重<break time="2s"/>庆。</speak>', '<speak><prosody rate="slow">重庆。</prosody></speak>',
     '<speak><sub alias="成都">重庆</sub>。</speak>', '<speak><phoneme alphabet="pinyin" ph="a1">重庆</phoneme>。</speak>'],
)  # fmt: skip
def test_marks_are_not_lost_to_what_is_known_by_heart(marked: str) -> None:
    plain = spoken("重庆。")
    assert spoken(marked)[0].words != plain[0].words
    assert spoken("重庆。") == plain


def test_a_users_lexicon_is_not_lost_to_what_is_known_by_heart(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("重庆\tzhong4 qing4\n", "utf-8")
    assert [pinyin(spoken("重庆。")), pinyin(spoken("重庆。", lexicon)), pinyin(spoken("重庆。"))] == [
        "chong2 qing4", "zhong4 qing4", "chong2 qing4"
    ]  # fmt: skip


def test_threads_share_what_is_known_by_heart() -> None:
    texts = [f"第{n}次，重庆长大了。" for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(spoken, texts * 10))
    assert found == [spoken(text) for text in texts] * 10
    assert spoken_plainly.cache_info().currsize <= KEPT_PIECES
