"""Syllables are searched for with an ear for what makes sense, and written down."""

import numpy as np
import pytest

from tingshuo.config.conformer import ConformerBundleConfig, SpellingConfig
from tingshuo.config.fbank import FbankConfig
from tingshuo.tasks.recognise.dictation import Beginnings, Dictation, ExpectedWords
from tingshuo.tasks.recognise.model import Recogniser
from tingshuo.tasks.recognise.prefixes import PrefixBeam
from tingshuo.tasks.recognise.search import greedy, hypotheses, prefix_beam
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.spelling import Speller, vocabulary_of

UNITS = ("<blank>", "jin1", "tian1", "qi4", "ji4", "hao3", "jing1", "ya2", "hui4")
TEXTS = [
    ["今天", "天气", "好"],
    ["今天", "季", "好"],
    ["田", "七"],
    ["天", "际"],
    ["金", "天"],
    ["压"],
    ["鲸"],
    ["会"],
    ["亚", "洲"],
]


def dictation(weight=1.0, bonus=0.0):
    model = estimate(TEXTS, 2, prior={"牙": 0.01, "慧": 0.001, "芽": 0.02, "惠": 0.002})
    return Dictation(Speller(model, vocabulary_of(load_lexicon(), model.units)), UNITS, weight, bonus)


def heard(*frames):
    """Return log probabilities of CTC: at each frame units and how likely they are, the rest is blank."""
    probs = np.full((len(frames), len(UNITS)), 1e-6)
    for row, units in zip(probs, frames, strict=True):
        row[[UNITS.index(unit) for unit in units]] = list(units.values())
        row[0] = max(1e-6, 1 - row[1:].sum())
    return np.log(probs).astype(np.float32)


ONE = heard({"jin1": 0.9}, {}, {"tian1": 0.9}, {}, {"tian1": 0.8}, {"ji4": 0.5, "qi4": 0.4}, {"hao3": 0.9})


def test_what_makes_sense_wins_over_what_sounds_more_like_it():
    plain, own = dictation(0.0), dictation()
    assert [UNITS[unit] for unit in prefix_beam(ONE, 8, 0, plain)[0].units] == ["jin1", "tian1", "tian1", "ji4", "hao3"]
    found = own.write(prefix_beam(ONE, 8, 0, own), 3)
    assert "".join(own.written[unit] for unit in found[0].units) == "今天天气好"
    assert found[0].frames == (0, 2, 4, 5, 6)
    assert found[0].confidences[3] == pytest.approx(0.4, abs=1e-4)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({one.units for one in found}) == len(found) == 3


def test_scores_are_those_of_sound_and_words():
    own = dictation(0.7, 1.5)
    found = prefix_beam(ONE, 50, 0, own)[0]
    sound = next(one for one in prefix_beam(ONE, 50) if one.units == found.units)
    cost = own.speller.spell(UNITS[unit] for unit in found.units)[0].cost
    assert found.score == pytest.approx(sound.score - 0.7 * cost + 1.5 * len(found.units), abs=1e-3)
    assert own.write((greedy(ONE),), 1)[0].units, "what is not searched for is written as well"
    assert prefix_beam(heard({}), 4, 0, own)[0].units == ()


def test_expected_words_are_written():
    own = dictation()
    frames = heard({"jing1": 0.5, "jin1": 0.4}, {"ya2": 0.9}, {"hui4": 0.9})
    plain = own.write(prefix_beam(frames, 8, 0, own), 1)[0]
    assert "".join(own.written[unit] for unit in plain.units) != "金芽慧"
    words = ExpectedWords(own, {"金芽慧": 4.0, "龘": 2.0, "会": 0.1, "": 1.0})
    assert words.unknown == ("龘", "")
    found = words.dictation.write(prefix_beam(frames, 8, 0, words.dictation), 1)[0]
    assert "".join(own.written[unit] for unit in found.units) == "金芽慧"
    assert words.said(found.units) == ("金芽慧",)


class Fake:
    """A graph that is a function."""

    def __init__(self, function):
        self.run = function


def test_a_recogniser_of_syllables_writes_characters():
    settings = ConformerBundleConfig(
        family="conformer", fbank=FbankConfig(n_mels=4), units=UNITS, tokenizer="syllable",
        spelling=SpellingConfig(model="language", weight=1.0), sos=0, eos=0, subsampling=4, context_frames=7, architecture={},
    )  # fmt: skip
    graphs = {"encoder": Fake(lambda x: {"encoded": x["features"]}), "ctc": Fake(lambda _: {"log_probs": ONE[None]})}
    recogniser, wav = Recogniser(settings, graphs, dictation().speller), np.zeros(16000, np.float32)
    assert recogniser.text(recogniser.hear(wav)[0].units) == "今天天气好"
    assert recogniser.text(recogniser.hear(wav, 1)[0].units) == "今天天季好"
    expected = recogniser.expect({"天际": 9.0})
    assert recogniser.text(recogniser.hear(wav, 8, expected)[0].units) == "今天天际好"


def test_a_search_is_read_as_its_texts_are_spelled():
    own = dictation()
    search = PrefixBeam(8, 0, own)
    search.feed(ONE)
    assert own.read(search, 5) == own.write(hypotheses(search), 5)
    assert own.so_far(search) == "今天天气好"
    assert own.so_far(PrefixBeam(8, 0, own)) == own.settled(PrefixBeam(8, 0, own)) == ""


@pytest.mark.parametrize("seed", range(4))
def test_what_has_settled_will_be_written_whatever_comes(seed):
    rng, own = np.random.default_rng(seed), dictation()
    said = rng.integers(1, len(UNITS), 40)
    frames = [{UNITS[unit]: 0.9, UNITS[rng.integers(1, len(UNITS))]: 0.05} for unit in said]
    search, settled = PrefixBeam(4, 0, own), ""
    for frame in frames:
        search.feed(np.concatenate([heard(frame), heard({})]))
        before, settled = settled, own.settled(search)
        assert settled.startswith(before)
        assert own.so_far(search).startswith(settled)
    assert len(settled) > 2
    assert all("".join(own.written[unit] for unit in one.units).startswith(settled) for one in own.read(search, 50))


def test_a_place_is_kept_open_as_long_as_a_word_may_begin_there():
    known = Beginnings(["tian1qi4", "tian1,dian4", "ye4ya2qiang2", ""])
    assert "tian " in known
    assert "ye ya " in known
    assert "tian qi " not in known, "it goes no further"
    assert "dian " not in known
    assert "ya " not in known
    expecting = dictation().expecting({"今天压": 3.0})
    search = PrefixBeam(1, 0, expecting)
    search.feed(heard({"jin1": 0.9}, {}, {"tian1": 0.9}))
    assert "jin tian " in expecting._beginnings[-1]
    assert expecting.settled(search) == ""
