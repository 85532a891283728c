"""Syllables become the tokens that the voices were trained on."""

import json
from pathlib import Path

import numpy as np
import pytest

from tingshuo.errors import TextError
from tingshuo.text.englishwords import say_english
from tingshuo.text.foreign.emotivoice import EDGE, encode_words, sentence_tokens, syllable_tokens, token_ids
from tingshuo.text.symbols import FINALS, INITIALS, make_syllable
from tingshuo.types import Syllable, Word

GOLDEN = Path(__file__).parents[4] / "shared" / "golden" / "emotivoice" / "spec.json"
FEW = {"ianr3", EDGE, *(f"{final}{tone}" for final in FINALS for tone in range(1, 6))}
COMMA = Word("，", pause_ms=150)


class All:
    """A vocabulary that has whatever is asked for."""

    def __contains__(self, token: object) -> bool:
        return True


def spoken(*pinyin: str) -> Word:
    return Word("字" * len(pinyin), tuple(make_syllable("字", one) for one in pinyin))


def english(*syllables: str) -> Word:
    phones = [tuple(f"en:{phone.rstrip('012')}" for phone in one.split()) for one in syllables]
    return Word("x", tuple(Syllable("x", one, "", "", 8, phones=few) for one, few in zip(syllables, phones, strict=True)))


@pytest.mark.parametrize(
    ("pinyin", "tokens"),
    [
        ("zhang1", "zh ang1"), ("an4", "an4"), ("yi1", "i1"), ("wo3", "uo3"), ("you3", "iou3"), ("yuan2", "van2"),
        ("wen4", "uen4"), ("gui4", "g uei4"), ("liu2", "l iou2"), ("zi5", "z ii5"), ("zhi3", "zh iii3"), ("shi4", "sh iii4"),
        ("nv3", "n v3"), ("lve4", "l ve4"), ("xue2", "x ve2"), ("qun2", "q vn2"), ("yong4", "iong4"), ("weng1", "ueng1"),
        ("er2", "er2"), ("ng2", "en2"), ("yue4", "y ve4"), ("ri4", "r ii4"), ("yo1", "y o1"), ("dianr3", "d ianr3"),
        ("huar1", "h ua1 sp0 er5"), ("ger1", "g er1"),
    ],
)  # fmt: skip
def test_syllables(pinyin: str, tokens: str) -> None:
    assert syllable_tokens(pinyin, FEW) == tuple(tokens.split())


def test_a_syllable_that_is_none_is_refused() -> None:
    with pytest.raises(TextError, match="is not a Mandarin syllable"):
        syllable_tokens("xyz1", FEW)


def test_words_and_pauses() -> None:
    words = [COMMA, spoken("jin1", "tian1"), spoken("hao3"), COMMA, COMMA, spoken("a5"), COMMA]
    assert " ".join(sentence_tokens(words, All())) == "<sos/eos> j in1 sp0 t ian1 sp1 h ao3 sp3 a5 <sos/eos>"


def test_english_words_among_mandarin_ones() -> None:
    words = [spoken("wo3"), english("L AH1 V"), english("HH AH0", "L OW1"), COMMA, english("Y UW1"), COMMA]
    words += [spoken("ma5"), COMMA, english("OW1")]
    assert " ".join(sentence_tokens(words, All())) == (
        "<sos/eos> uo3 sp1 [L] [AH1] [V] engsp1 [HH] [AH0] [L] [OW1] engsp4 [Y] [UW1] eng_cn_sp m a5 sp3 [OW1] <sos/eos>"
    )


def test_our_own_english_syllables_are_spelt_alike() -> None:
    word = Word("hello", tuple(say_english("hello")))
    assert " ".join(sentence_tokens([word], All())) == "<sos/eos> [HH] [AH0] [L] [OW1] <sos/eos>"


def test_a_token_that_the_voice_lacks_is_named() -> None:
    with pytest.raises(TextError, match="has no token 'ueng5', which '字' needs"):
        sentence_tokens([spoken("weng5")], {EDGE})
    with pytest.raises(TextError, match="has no token 'b'; it knows 2, such as a, c"):
        token_ids(["a", "b"], ["a", "c"])


def test_an_id_is_the_place_in_the_list() -> None:
    np.testing.assert_array_equal(token_ids(["c", "a", "c"], ["a", "b", "c"]), [2, 0, 2])


@pytest.fixture(scope="module")
def spec() -> dict[str, object]:
    if not GOLDEN.is_file():
        pytest.skip("the golden fixtures are not there")
    return json.loads(GOLDEN.read_text("utf-8"))  # type: ignore[no-any-return]


def test_a_sentence_is_spelt_as_the_original_does(spec: dict[str, object]) -> None:
    words = [spoken("jin1", "tian1", "tian1", "qi4"), spoken("zhen1", "bu4", "cuo4"), COMMA, spoken("wo3", "men5"), spoken("qu4")]
    words += [spoken("gong1", "yuan2"), spoken("san4", "bu4"), spoken("ba5"), Word("。", pause_ms=400)]
    vocabulary = spec["files"]["data/youdao/text/tokenlist"]["lines"]  # type: ignore[index]
    tokens = sentence_tokens(words, vocabulary)
    told = spec["inputs"]["happy"]["phonemes"].split()  # type: ignore[index]
    assert told[-2:] == ["sp3", EDGE]
    assert [*tokens[:-1], *told[-2:]] == told, "its Chinese front end writes a last pause, which that for mixed text drops again"
    assert len(set(token_ids(tokens, vocabulary))) == len(set(tokens))


def test_every_syllable_has_its_tokens(spec: dict[str, object]) -> None:
    vocabulary = frozenset(spec["files"]["data/youdao/text/tokenlist"]["lines"])  # type: ignore[index]
    lacking = set()
    bodies = (
        "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ui un uo v van ve vn".split()
    )
    for begin in ("", *INITIALS, "y", "w"):
        for tone in "12345":
            for body in [f"{begin}{body}{r}{tone}" for body in bodies for r in ("", "r")]:
                try:
                    lacking |= {token for token in syllable_tokens(body, vocabulary) if token not in vocabulary}
                except TextError:
                    continue  # no syllable
    assert lacking == {"ueng5"}, "a neutral weng, which no word has"


def test_encoded_words_know_whose_each_token_is() -> None:
    words = [COMMA, spoken("jin1", "tian1"), COMMA, english("L OW1"), spoken("a5"), COMMA]
    tokens = sentence_tokens(words, All())
    index = {token: row for row, token in enumerate(dict.fromkeys(tokens))}
    symbols = encode_words(words, index)
    assert " ".join(tokens) == "<sos/eos> j in1 sp0 t ian1 sp3 [L] [OW1] eng_cn_sp a5 <sos/eos>"
    assert [list(index)[row] for row in symbols.ids] == list(tokens)
    assert symbols.word_index.tolist() == [-1, 1, 1, -1, 1, 1, -1, 3, 3, -1, 4, -1]
    assert symbols.syllable_index.tolist() == [-1, 0, 0, -1, 1, 1, -1, 0, 0, -1, 0, -1]


def test_an_erhua_syllable_of_two_tokens_is_one_syllable() -> None:
    word = spoken("huar1", "a5")
    index = {token: row for row, token in enumerate((EDGE, "h", "ua1", "sp0", "er5", "a5"))}
    symbols = encode_words([word], index)
    assert symbols.ids.tolist() == [0, 1, 2, 3, 4, 3, 5, 0]
    assert symbols.syllable_index.tolist() == [-1, 0, 0, 0, 0, -1, 1, -1]


def test_a_token_that_the_voice_lacks_is_named_with_its_text() -> None:
    with pytest.raises(TextError, match="this voice has no token 'j', which '字' needs; say it in other words"):
        encode_words([spoken("ji1")], {EDGE: 0, "a5": 1})
