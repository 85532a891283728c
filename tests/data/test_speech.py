import pytest

from tingshuo.data.speech import in_english, words_of
from tingshuo.data.utterance import Utterance


def spoken(text=None, pinyin=None, **fields):
    return words_of(Utterance(id="a", audio="a.wav", text=text, pinyin=pinyin, **fields))


def readings(words):
    return " ".join(syllable.pinyin for word in words for syllable in word.syllables)


def test_the_row_s_pinyin_wins():
    assert readings(spoken("银行行长").words) == "yin2 hang2 hang2 zhang3"
    assert readings(spoken("银行行长", "yin2 xing2 hang2 chang2").words) == "yin2 xing2 hang2 chang2"


def test_tone_sandhi_stays_that_of_the_front_end():
    assert readings(spoken("你好", "ni3 hao3").words) == "ni2 hao3"
    assert readings(spoken("一个不对", "yi1 ge4 bu4 dui4").words) == "yi2 ge4 bu2 dui4"


def test_words_and_hanzi_are_those_of_the_front_end():
    plain, given = spoken("今天天气好。"), spoken("今天天气好。", "jin1 tian1 tian1 qi4 hao4")
    assert [word.text for word in given.words] == [word.text for word in plain.words] == ["今天", "天气", "好"]
    assert [s.hanzi for word in given.words for s in word.syllables] == list("今天天气好")


@pytest.mark.parametrize("pinyin", ["yi4 dianr3", "yi4 dian3 er5"])
def test_a_rhotacised_syllable_may_be_written_as_one_or_two(pinyin):
    result = spoken("一点儿", pinyin)
    assert readings(result.words) == "yi4 dianr3"
    assert result.words[0].syllables[1].hanzi == "点儿"
    assert not result.warnings


def test_several_sentences_become_one_sequence_with_pauses_between():
    words = spoken("“你好。”他说，再见！").words
    assert [word.text for word in words if word.syllables] == ["你好", "他", "说", "再见"]
    assert words[0].syllables
    assert words[-1].syllables
    assert sum(not word.syllables for word in words) == 2


@pytest.mark.parametrize("pinyin", ["ni3", "ni3 hao3 ma5", "ni3 xyz1"])
def test_pinyin_that_does_not_match_is_told_and_not_used(pinyin):
    result = spoken("你好", pinyin)
    assert readings(result.words) == "ni2 hao3"
    assert "pinyin is not used" in result.warnings[0]


def test_pinyin_alone_makes_a_word_of_each_syllable():
    words = spoken(None, "lv4 dianr3").words
    assert [word.text for word in words] == ["lv4", "dianr3"]


def test_a_clip_without_text_has_no_words_and_no_reason():
    assert spoken() == spoken("") == spoken(None, "")
    assert spoken().words == spoken().warnings == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": "！！"}, "nothing to speak"),
        ({"text": "Bonjour.", "lang": "fr"}, "'fr'"),
        ({"pinyin": "yai1"}, "not a Mandarin syllable"),
        ({"text": "<speak>你好"}, "cannot be spoken"),
    ],
)
def test_what_cannot_be_spoken_is_told(row, reason):
    result = words_of(Utterance(id="a", audio="a.wav", **row))
    assert result.words == ()
    assert reason in result.warnings[0]


@pytest.mark.parametrize("lang", ["zh", "zh-CN", "zh_TW", "cmn-Hans"])
def test_tags_of_mandarin(lang):
    assert spoken("你好", lang=lang).words


def pinyin_of(text, **row):
    english = row.pop("english", False)
    words = words_of(Utterance(id="a", audio="a.wav", text=text, **row), english=english).words
    return " ".join(syllable.pinyin for word in words for syllable in word.syllables)


def test_english_rows_have_english_phones():
    assert pinyin_of("Three dogs.", lang="en") == "TH R IY1 D AA1 G Z"
    assert pinyin_of("in 2019", lang="en-GB") == "IH0 N T W EH1 N T IY0 N AY1 N T IY1 N"


def test_english_text_in_capitals_is_words_not_letters():
    assert pinyin_of("WE SAW A DOG", lang="en") == "W IY0 S AO1 AH0 D AO1 G"


def test_latin_words_of_chinese_rows_follow_the_tag_or_the_corpus():
    assert pinyin_of("用APP") == "yong4 ai1 pu5"
    assert pinyin_of("用APP", lang="zh-en") == "yong4 AE1 P"
    assert pinyin_of("用APP", english=True) == "yong4 AE1 P"


@pytest.mark.parametrize(("lang", "english"), [("en", True), ("en-US", True), ("zh-en", True), ("zh", False), ("zh_CN", False)])
def test_tags_with_english(lang, english):
    assert in_english(lang) is english
