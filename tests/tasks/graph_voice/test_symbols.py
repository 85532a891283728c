"""Sentences to the symbols of voices that read in other ways; those of sherpa-onnx are what its version 2.0.1 gave its graphs."""

import numpy as np
import pytest

from tingshuo.config.graph_voice import TextConfig
from tingshuo.errors import TextError
from tingshuo.tasks.graph_voice.symbols import Speller, Spelt, spoken_words
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.frontend import Frontend
from tingshuo.types import Sentence

SYLLABLES = "_ , . ni2 hao3 ma yin2 hang2 zhang3 shuo1 bu4 xing2 hua1 er2 OW K EY".split()
TOKENS = {token: row for row, token in enumerate(SYLLABLES)}
SOUNDS = {
    "n_i2": "ni2", "h_ao3": "hao3", "m_a5": "ma", "_in2": "yin2", "h_ang2": "hang2", "zh_ang3": "zhang3", "sh_uo1": "shuo1",
    "b_u4": "bu4", "x_ing2": "xing2", "h_ua1": "hua1", "_er2": "er2",
}  # fmt: skip
PLAIN = TextConfig(kind="sounds", tokens=TOKENS, sounds={sound: (TOKENS[token],) for sound, token in SOUNDS.items()})


def sentence_of(text: str, *, english: bool = False) -> Sentence:
    return next(Frontend(english=english, first_budget=0).sentences(text))


def spelt(text: str, config: TextConfig) -> Spelt:
    speller = Speller(config)
    return speller.spell(sentence_of(text, english=speller.english))


def named(found: Spelt, config: TextConfig = PLAIN) -> str:
    names = {row: token for token, row in config.tokens.items()}
    return " ".join(names[row] for row in found.ids.tolist())


def test_a_matcha_is_given_what_sherpa_onnx_gives_it():
    blank = PLAIN.replace(blank=0)
    assert named(spelt("你好吗？", blank.replace(tokens={**TOKENS, "?": 17})), blank.replace(tokens={**TOKENS, "?": 17})) == (
        "_ ni2 _ hao3 _ ma _ ? _"
    )
    assert named(spelt("银行行长说不行，", blank)) == ("_ yin2 _ hang2 _ hang2 _ zhang3 _ shuo1 _ bu4 _ xing2 _ , _")


def test_begin_end_and_pause_stand_where_sherpa_onnx_has_them():
    tokens = {"sil": 0, "eos": 1, "#0": 2, "n": 3, "i2": 4, "h": 5, "ao3": 6, "m": 7, "a5": 8}
    sounds = {"n_i2": (3, 4, 2), "h_ao3": (5, 6, 2), "m_a5": (7, 8, 2)}
    config = TextConfig(kind="sounds", tokens=tokens, sounds=sounds, blank=0, pause=0, begin=(0,), end=(0, 1))
    assert named(spelt("你好吗。", config), config) == (
        "sil sil sil n sil i2 sil #0 sil h sil ao3 sil #0 sil m sil a5 sil #0 sil sil sil eos sil"
    )
    inside = spelt("你好，你好。", config.replace(blank=None)).ids.tolist()
    assert inside == [0, 3, 4, 2, 5, 6, 2, 0, 3, 4, 2, 5, 6, 2, 0, 1]  # the comma is a pause, the mark at the end is none


def test_blanks_may_leave_begin_and_end_alone():
    config = PLAIN.replace(blank=0, begin=(1,), end=(2,), blank_edges=False)
    assert named(spelt("你好", config)) == ", _ ni2 _ hao3 _ ."


def test_each_symbol_knows_its_word_and_syllable_and_a_blank_is_of_the_symbol_before():
    found = spelt("银行，你好", PLAIN.replace(blank=0))
    assert found.owners is not None
    assert found.owners.word_index.tolist() == [-1, 0, 0, 0, 0, -1, -1, 2, 2, 2, 2]
    assert found.owners.syllable_index.tolist() == [-1, 0, 0, 1, 1, -1, -1, 0, 0, 1, 1]


def test_tones_and_languages_are_told_beside_the_symbols():
    sounds = {**PLAIN.sounds, "OW": (14,), "K": (15,), "EY": (16,)}
    config = PLAIN.replace(
        sounds=sounds, tones={"n_i2": (2,), "h_ao3": (3,), "OW": (7,), "K": (7,), "EY": (8,)}, blank=0, space=13,
        language_ids={"zh": 3, "en": 2},
    )  # fmt: skip
    found = spelt("OK你好", config)
    assert named(found, config) == "_ OW _ K _ EY _ er2 _ ni2 _ hao3 _"  # er2 stands for the space
    assert found.tones.tolist() == [0, 7, 0, 7, 0, 8, 0, 0, 0, 2, 0, 3, 0]
    assert found.languages.tolist() == [0, 2, 0, 2, 0, 2, 0, 3, 0, 3, 0, 3, 0]


def test_erhua_is_a_syllable_and_a_neutral_syllable_has_the_tone_of_its_character():
    assert named(spelt("花儿", PLAIN)) == "hua1 er2"
    assert named(spelt("花儿", PLAIN.replace(sounds={**PLAIN.sounds, "h_uar1": (3,)}))) == "ni2"
    without = {sound: ids for sound, ids in PLAIN.sounds.items() if sound != "m_a5"} | {"x_i1": (9,), "d_ong1": (8,)}
    assert named(spelt("东西", PLAIN.replace(sounds=without))) == "zhang3 shuo1"


def test_what_has_no_symbol_is_left_out_and_told_and_nothing_at_all_is_refused():
    found = spelt("你好天", PLAIN)
    assert (named(found), found.skipped) == ("ni2 hao3", ("tian1",))
    with pytest.raises(
        TextError, match=r"this voice has no symbol for anything in '快乐。', such as 'kuai4'; say it in other words"
    ):
        spelt("快乐。", PLAIN)


def test_words_are_looked_up_as_they_are_written_the_longest_first():
    lexicon = "银行 6 7\n银 1|\n行 11\n长 8|\nhello 14 15\no 14\nk 15 16"
    config = TextConfig(kind="words", tokens=TOKENS, lexicon=lexicon, space=13)
    assert named(spelt("银行行长", config), config) == "yin2 hang2 xing2 zhang3"
    found = spelt("银行 hello OK, 乐", config)
    assert named(found, config) == "yin2 hang2 OW K er2 OW K EY er2 ,"
    assert (found.skipped, found.owners) == (("乐",), None)
    toned = TextConfig(kind="words", tokens=TOKENS, lexicon="银行 6 7|2 2")
    assert spelt("银行", toned).tones.tolist() == [2, 2]


def test_characters_are_those_of_the_text_with_its_numbers_read_out():
    config = TextConfig(kind="characters", tokens={"一": 1, "百": 2, "块": 3, "a": 4, ",": 5})
    found = spelt("100块A，", config)
    assert found.ids.tolist() == [1, 2, 3, 4, 5]
    assert (found.owners, spelt("一二块", config).skipped) == (None, ("二",))


def test_mandarin_in_phonetic_letters_is_ours_and_other_languages_are_asked_of_the_program(monkeypatch: pytest.MonkeyPatch):
    tokens = {letter: row for row, letter in enumerate("_^$nˈi2χɑuɜ həlo")}
    config = TextConfig(kind="espeak", tokens=tokens, espeak_voice="cmn", begin=(1,), end=(2,), blank=0)
    found = spelt("你好", config)
    assert named(found, config).replace(" _", "").startswith("_ ^ n ˈ i ɜ")
    assert found.owners is not None
    monkeypatch.setattr("tingshuo.tasks.graph_voice.symbols.espeak_phonemes", lambda text, voice: tuple("həlo ʘ"))
    other = spelt("hello.", config.replace(espeak_voice="en-us"))
    assert (named(other, config), other.skipped, other.owners) == ("_ ^ _ h _ ə _ l _ o _   _ $ _", ("ʘ",), None)


def test_a_voice_of_piper_is_given_what_piper_gives_it(monkeypatch: pytest.MonkeyPatch):
    ids = {name: (row,) for row, name in enumerate(("_", "^", "$", "n", "h", "i", "ao", "2", "3"))}
    found = spelt("你好", TextConfig(kind="piper", phonemes="pinyin", phoneme_ids=ids))
    assert found.ids.tolist() == [1, 3, 5, 7, 0, 4, 6, 8, 0, 2]
    assert found.owners is not None
    assert found.owners.word_index.tolist() == [-1, 0, 0, 0, 0, 0, 0, 0, 0, -1]
    monkeypatch.setattr("tingshuo.tasks.graph_voice.symbols.espeak_phonemes", lambda text, voice: tuple("hi"))
    other = spelt("hi", TextConfig(kind="piper", phoneme_ids=ids, espeak_voice="en-us"))
    assert (other.ids.tolist(), other.owners) == ([1, 0, 4, 0, 5, 0, 2], None)


def test_words_without_a_symbol_are_silent_when_times_are_looked_for():
    sentence = sentence_of("你好，银行")
    owners = Symbols(np.zeros(2, np.int64), np.array([-1, 2]), np.array([-1, 0]))
    assert [bool(word.syllables) for word in spoken_words(sentence, owners).words] == [False, False, True]
