import json
from math import exp, log
from pathlib import Path

import pytest

from tingshuo.tasks.prosody import ACTED_SHARE, EFFECTS, EMPHASIS, Effect, controls
from tingshuo.types import EMOTIONS, Prosody, SpeechRequest, Word

STATS = Path(__file__).parents[3] / "shared/data/emotion_stats.json"
MEASURED = {"happy": "happiness", "sad": "sadness", "angry": "anger", "fearful": "fear"}


def word(**prosody):
    return Word("好", prosody=Prosody(**prosody))


def test_every_emotion_has_an_effect_and_neutral_has_none():
    assert set(EFFECTS) == set(EMOTIONS)
    assert EFFECTS["neutral"] == Effect()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_strength_zero_is_exactly_neutral(emotion):
    words = [word(), word()]
    neutral = controls(words, SpeechRequest(text="好"))
    weakest = controls(words, SpeechRequest(text="好", emotion=emotion, strength=0.0))
    for name in Effect.__dataclass_fields__:
        field = name.removeprefix("log_")
        assert (getattr(weakest, field) == getattr(neutral, field)).all()


def test_strength_scales_in_the_logarithm():
    at = {s: controls([word()], SpeechRequest(text="好", emotion="sad", strength=s)) for s in (0.5, 1.0, 1.5)}
    assert at[1.0].rate[0] == pytest.approx(at[0.5].rate[0] ** 2)
    assert at[1.5].pitch_semitones[0] == pytest.approx(1.5 * at[1.0].pitch_semitones[0])


def test_a_word_may_have_its_own_emotion_and_strength():
    mixed = controls([word(), word(emotion="angry", strength=0.5)], SpeechRequest(text="好", emotion="gentle"))
    alone = controls([word()], SpeechRequest(text="好", emotion="angry", strength=0.5))
    assert mixed.pitch_semitones[1] == alone.pitch_semitones[0] != mixed.pitch_semitones[0]


def test_controls_of_request_and_word_add_up():
    both = controls(
        [word(rate=1.2, pitch_semitones=1.0, volume_db=-2.0)], SpeechRequest(text="好", speed=1.5, pitch=2.0, volume=3.0)
    )
    assert both.rate[0] == pytest.approx(1.8)
    assert both.pitch_semitones[0] == 3.0
    assert both.volume_db[0] == 1.0


def test_emphasis_is_slower_and_louder_and_reduction_the_opposite():
    assert EMPHASIS[2].log_rate < EMPHASIS[1].log_rate < EMPHASIS[0].log_rate < EMPHASIS[-1].log_rate
    assert EMPHASIS[2].volume_db > EMPHASIS[1].volume_db > EMPHASIS[0].volume_db > EMPHASIS[-1].volume_db


@pytest.mark.skipif(not STATS.exists(), reason="emotion statistics are not here")
@pytest.mark.parametrize("emotion", MEASURED)
def test_measured_emotions_follow_the_statistics(emotion):
    measured = json.loads(STATS.read_text())["emotions"][MEASURED[emotion]]
    effect = EFFECTS[emotion]
    assert effect.pitch_semitones == pytest.approx(ACTED_SHARE * 12 * log(measured["f0_mean"]["median"]) / log(2), abs=0.01)
    assert exp(effect.log_range / ACTED_SHARE) == pytest.approx(measured["f0_sd"]["median"], abs=0.01)
    rate = measured["speaking_rate"]
    assert rate["p25"] - 0.01 <= exp(effect.log_rate / ACTED_SHARE) <= rate["p75"] + 0.01
    assert effect.slope_semitones_per_s == pytest.approx(ACTED_SHARE * measured["f0_slope_st_per_s"]["median"], abs=0.01)
