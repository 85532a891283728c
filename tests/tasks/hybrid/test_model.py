import numpy as np
import pytest
from tests.tasks.hybrid.small import PHONES, STATES, Table, scores, settings, speller

from tingshuo.tasks.hybrid.model import HybridRecogniser
from tingshuo.tasks.recognise.hearing import RECOGNISERS, heard

WAV = np.random.default_rng(0).uniform(-0.1, 0.1, 160 * 35).astype(np.float32)
SAID = scores("sil n i3 h ao3 sil")


def recogniser(log_posteriors=SAID, **changes):
    table = Table(log_posteriors)
    made = RECOGNISERS.load("dnn")(settings(**changes), {"states": table}, speller("你好", "你好吗", "尼", "马", "妈"))
    assert isinstance(made, HybridRecogniser)
    return made, table


def test_words_are_written_with_their_times():
    made, table = recogniser()
    best = made.hear(WAV)[0]
    text = heard(made, best)
    assert text.text == "你好"
    assert [unit.start_s for unit in text.units] == pytest.approx([0.06, 0.18])
    assert all(unit.confidence > 0.9 for unit in text.units)
    assert table.given.shape == (36, 12)
    assert (made.sample_rate, made.frame_s, made.choices) == (16000, 0.01, {})


def test_a_word_that_makes_sense_wins_over_what_sounds_a_little_more_like_it():
    leaning = np.maximum(scores("sil m a1 sil"), scores("sil m a3 sil") - 0.05)
    made = HybridRecogniser(settings(), {"states": Table(leaning)}, speller("马", "马", "马"))
    assert [made.settings.units[unit] for unit in made.syllables(made.features(WAV))] == ["ma1"]
    assert made.text(made.hear(WAV)[0].units) == "马"
    assert made.text(made.hear(WAV, beam=1)[0].units) == "马"


def test_expected_words_are_written():
    made, _ = recogniser(scores("m a1"))
    assert made.text(made.hear(WAV)[0].units) == "妈"
    expected = made.expect({"马": 9.0, "zzz": 1.0})
    assert expected.unknown == ("zzz",)
    assert made.text(made.hear(WAV, 10, expected)[0].units) == "马"
    assert made.text(made.hear(WAV, 1, expected)[0].units) == "马"


def test_priors_are_taken_off():
    priors = np.zeros(len(PHONES) * STATES)
    priors[:STATES] = -2.5
    made, _ = recogniser(priors=priors.tolist())
    np.testing.assert_allclose(made.likelihoods(made.features(WAV)), SAID - priors.astype(np.float32), atol=1e-6)


def test_one_text_is_found_without_words():
    made, _ = recogniser()
    assert [made.settings.units[unit] for unit in made.syllables(made.features(WAV))] == ["ni3", "hao3"]
    (best,) = made.hear(WAV, beam=1)
    assert made.text(best.units) == "你好"


def test_nothing_is_heard_in_nothing():
    made, _ = recogniser()
    assert made.hear(np.zeros(0, np.float32)) == ()
    silent, _ = recogniser(scores("sil sil sil"))
    assert all(not text.units for text in silent.hear(WAV))
