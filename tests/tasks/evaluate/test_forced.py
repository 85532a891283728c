"""Predictions with the timing of a recording; here the recordings are the voice's own, whose timing is known exactly."""

import dataclasses

import numpy as np
import pytest

from tingshuo.errors import DataError, TextError
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.tasks.evaluate.compare import hear
from tingshuo.tasks.evaluate.forced import Timing, compare_forced, predict
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="他去公园散步，天气很好。")


@pytest.fixture(scope="module")
def known(voice):
    """A sentence as the voice speaks it: its acoustics and its timing."""
    sentence = next(Frontend().sentences(REQUEST.text))
    acoustics = SentenceAcoustics(voice.graphs, voice.config, sentence.words, voice.timbre(), REQUEST, Stopwatch())
    return acoustics, Timing(sentence.words, acoustics.durations)


@pytest.fixture(scope="module")
def recording(voice):
    return hear(voice.synthesize(REQUEST.text).wav, voice.config.mel)


def test_the_voices_own_timing_and_f0_give_its_own_mel(voice, known):
    acoustics, timing = known
    f0 = acoustics.f0_hz(0, acoustics.frames)
    forced = predict(voice.graphs, voice.config, timing, f0, voice.timbre())
    np.testing.assert_allclose(forced.f0, f0, rtol=1e-4)
    inside = f0 > 0  # where it is silent, the voice keeps a pitch that nobody hears
    np.testing.assert_allclose(forced.mel[:, inside], acoustics.mel(0, acoustics.frames)[:, inside], atol=0.3)
    assert forced.spoken.sum() == (acoustics.phones.word_index >= 0).sum()


def test_a_recording_of_the_voice_itself_is_predicted_well(voice, known, recording):
    _, timing = known
    forced = predict(voice.graphs, voice.config, timing, recording.f0, voice.timbre())
    near = compare_forced(recording, forced, voice.config)
    assert near["mel_l1"] < 0.6
    assert near["mcd_db"] < 3
    assert near["f0_rmse_cents"] < 60
    assert near["voicing_error_pct"] < 8
    assert near["log_duration_rmse"] < 0.3  # lengths are rounded to frames
    late = Timing(timing.words, np.roll(timing.durations, 3))
    far = compare_forced(recording, predict(voice.graphs, voice.config, late, recording.f0, voice.timbre()), voice.config)
    for measure in ("mel_l1", "mcd_db", "f0_rmse_cents", "log_duration_rmse"):
        assert far[measure] > 1.5 * near[measure], measure


def test_the_upper_band_does_not_count_where_the_recording_has_none(voice, known, recording):
    _, timing = known
    forced = predict(voice.graphs, voice.config, timing, recording.f0, voice.timbre())
    mel = recording.mel.copy()
    mel[90:] = -16
    narrow = dataclasses.replace(recording, mel=mel)
    assert compare_forced(narrow, forced, voice.config)["mel_l1"] > compare_forced(narrow, forced, voice.config, 8000)["mel_l1"]


def test_timing_of_another_recording_is_refused(voice, known, recording):
    _, timing = known
    with pytest.raises(DataError, match="the timing is not of this recording"):
        predict(voice.graphs, voice.config, Timing(timing.words, timing.durations[:-1]), recording.f0, voice.timbre())
    with pytest.raises(DataError, match="the timing is not of this recording"):
        predict(voice.graphs, voice.config, timing, recording.f0[:20], voice.timbre())


def test_a_phone_that_the_voice_has_not_is_told(voice, known, recording):
    _, timing = known
    config = voice.config.replace(phonemes=tuple(p for p in voice.config.phonemes if p != "iou"))
    words = next(Frontend().sentences("走六步。")).words
    with pytest.raises(TextError):
        predict(voice.graphs, config, dataclasses.replace(timing, words=words), recording.f0, voice.timbre())
