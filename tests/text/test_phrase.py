from collections.abc import Iterable

from tingshuo.text.phrase import MAX_SYLLABLES, speak_piece
from tingshuo.text.runs import Run, blocks
from tingshuo.text.userlexicon import EMPTY, UserLexicon
from tingshuo.types import PLAIN, Prosody, Sentence

FAST = Prosody(rate=1.5)


def speak(*runs: Run, lexicon: UserLexicon = EMPTY, pause_ms: int = 0, warnings: list[str] | None = None) -> list[Sentence]:
    (block,) = blocks(runs)
    told = [] if warnings is None else warnings
    return list(speak_piece(block, 0, len(block.text), lexicon, told.append, pause_ms=pause_ms))


def only(sentences: Iterable[Sentence]) -> Sentence:
    (sentence,) = sentences
    return sentence


def shape(sentence: Sentence) -> list[str | int]:
    """Words as their pinyin, pauses as milliseconds."""
    return [" ".join(s.pinyin for s in word.syllables) or word.pause_ms for word in sentence.words]


def manners(sentence: Sentence) -> dict[str, Prosody]:
    return {word.text: word.prosody for word in sentence.words if word.syllables}


def test_a_piece_without_marks() -> None:
    sentence = only(speak(Run("今天3℃，好。")))
    assert sentence.source == "今天3℃，好。"
    assert sentence.spoken == "今天三摄氏度，好。"
    assert shape(sentence) == ["jin1 tian1", "san1", "she4 shi4 du4", 150, "hao3", 400]
    assert all(word.prosody is PLAIN for word in sentence.words)


def test_manner_finds_its_words_though_normalisation_moves_them() -> None:
    sentence = only(speak(Run("2023年"), Run("世界", FAST), Run("有8个")))
    by_word = manners(sentence)
    assert by_word.pop("世界") == FAST
    assert set(by_word.values()) == {PLAIN}


def test_tones_change_across_a_change_of_manner() -> None:
    assert shape(only(speak(Run("我很"), Run("好", FAST)))) == shape(only(speak(Run("我很好"))))


def test_a_word_over_two_manners_has_that_of_its_first_character() -> None:
    assert manners(only(speak(Run("世"), Run("界", FAST))))["世界"] == PLAIN


def test_given_pinyin_survives_normalisation() -> None:
    sentence = only(speak(Run("2023年"), Run("重", pinyin=("zhong4",)), Run("庆3℃，"), Run("行", pinyin=("hang2",)), Run("5次")))
    pinyin = {s.hanzi: s.pinyin for word in sentence.words for s in word.syllables}
    assert pinyin["重"] == "zhong4"
    assert pinyin["行"] == "hang2"


def test_given_pinyin_holds_on_a_traditional_character() -> None:
    sentence = only(speak(Run("長", pinyin=("chang2",)), Run("大了")))
    assert sentence.words[0].syllables[0].pinyin == "chang2"


def test_a_word_given_whole_has_its_letters_on_its_syllables() -> None:
    warnings: list[str] = []
    sentence = only(speak(Run("用"), Run("GPT-4", FAST, pinyin=("ji1", "pi2", "ti2", "si4")), Run("吧"), warnings=warnings))
    word = sentence.words[1]
    assert (word.text, word.prosody, [s.pinyin for s in word.syllables]) == ("GPT-4", FAST, ["ji1", "pi2", "ti2", "si4"])
    assert "".join(s.hanzi for s in word.syllables) == "GPT-4"
    assert sentence.spoken == "用GPT-4吧"
    assert warnings == []


def test_an_exact_pause_takes_the_place_of_punctuation() -> None:
    assert shape(only(speak(Run("你好"), Run(break_ms=1000), Run("，世界。")))) == ["ni2 hao3", 1000, "shi4 jie4", 400]
    assert shape(only(speak(Run("你好，"), Run(break_ms=1000), Run("世界")))) == ["ni2 hao3", 1000, "shi4 jie4"]
    assert shape(only(speak(Run("你好，"), Run(break_ms=0), Run("世界。"), Run(break_ms=0)))) == ["ni2 hao3", "shi4 jie4"]
    assert shape(only(speak(Run("你好。"), Run(break_ms=300), Run(break_ms=400), pause_ms=900))) == ["ni2 hao3", 700]


def test_a_pause_inside_a_word_cuts_it_and_one_before_all_leads() -> None:
    assert shape(only(speak(Run(break_ms=500), Run("世"), Run(break_ms=200), Run("界")))) == [500, "shi4", 200, "jie4"]


def test_a_pause_inside_a_rewritten_number_stands_near_its_place() -> None:
    assert 250 in shape(only(speak(Run("20"), Run(break_ms=250), Run("23年"))))


def test_punctuation_that_leads_asks_for_no_pause() -> None:
    assert shape(only(speak(Run("，你好")))) == ["ni2 hao3"]


def test_the_shortest_pause_at_the_end() -> None:
    assert shape(only(speak(Run("你好"), pause_ms=700)))[-1] == 700
    assert shape(only(speak(Run("你好。"), pause_ms=700)))[-1] == 700
    assert shape(only(speak(Run("你好。"), pause_ms=100)))[-1] == 400


def test_the_users_words() -> None:
    lexicon = UserLexicon({"重庆": ("zhong4", "qing4")}, {}, {})
    assert shape(only(speak(Run("去重庆"), lexicon=lexicon))) == ["qu4", "zhong4 qing4"]


def test_what_cannot_be_spoken_is_told_once_where_it_is() -> None:
    warnings: list[str] = []
    sentence = only(speak(Run("你好ꙮ"), warnings=warnings))
    assert shape(sentence) == ["ni2 hao3"]
    assert any("ꙮ" in warning for warning in warnings)


def test_too_many_syllables_are_cut_after_a_pause_and_the_source_with_them() -> None:
    text = "一共1234567890123456789次，" * 6
    sentences = speak(Run(text))
    assert len(sentences) > 1
    assert "".join(sentence.source for sentence in sentences) == text
    for sentence in sentences:
        assert 0 < sum(len(word.syllables) for word in sentence.words) <= MAX_SYLLABLES
        assert sentence.words[-1].pause_ms
        assert sentence.source.endswith("，")


def test_one_word_of_too_many_syllables_is_cut_too() -> None:
    sentences = speak(Run("好", pinyin=("hao3",) * 150), Run("的。"))
    assert [sum(len(word.syllables) for word in sentence.words) for sentence in sentences] == [60, 60, 31]
