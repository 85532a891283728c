from itertools import pairwise

import numpy as np
import pytest

from tingshuo.tasks.acoustic import SentenceAcoustics, frame_places, pause_factors, tilt_shape
from tingshuo.tasks.prosody import controls
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.symbols import make_syllable
from tingshuo.types import Prosody, SpeechRequest, Word

WORDS = (
    Word("今天", (make_syllable("今", "jin1"), make_syllable("天", "tian1"))),
    Word("，", pause_ms=200),
    Word("下雨", (make_syllable("下", "xia4"), make_syllable("雨", "yu3"))),
    Word("。", pause_ms=500),
)


def acoustics(voice, words=WORDS, **request):
    request = SpeechRequest(text="今天，下雨。", **request)
    return SentenceAcoustics(voice.graphs, voice.config, words, voice.timbre(), request, Stopwatch())


def test_frames_on_demand_are_those_of_the_whole(voice):
    whole, pieces = acoustics(voice), acoustics(voice)
    n = whole.frames
    mel, f0 = whole.mel(0, n), whole.f0_hz(0, n)
    cuts = [0, 5, 6, 40, n]
    assert np.abs(np.concatenate([pieces.mel(a, b) for a, b in pairwise(cuts)], axis=1) - mel).max() < 1e-4
    again = np.concatenate([pieces.f0_hz(a, b) for a, b in pairwise(cuts)])
    assert np.abs(again - f0).max() < 0.01
    assert mel.shape == (voice.config.mel.n_mels, n)
    assert f0.max() > 100


@pytest.mark.parametrize("semitones", [-12.0, -5.0, 4.0, 12.0])
def test_pitch_moves_f0_by_semitones(voice, semitones):
    usual, moved = acoustics(voice), acoustics(voice, pitch=semitones)
    a, b = usual.f0_hz(0, usual.frames), moved.f0_hz(0, moved.frames)
    both = (a > 0) & (b > 0)
    assert np.median(12 * np.log2(b[both] / a[both])) == pytest.approx(semitones, abs=0.05)


def test_punctuation_pauses_follow_the_tempo_and_breaks_do_not():
    words = (*WORDS[:3], Word("", pause_ms=500))
    factors = pause_factors(words, controls(words, SpeechRequest(text="x", speed=2.0)))
    assert factors[0] == 0.5
    assert factors[2] == 1.0


def test_a_pause_lasts_as_long_as_asked(voice):
    frame_s = voice.config.mel.hop_length / voice.sample_rate
    made = acoustics(voice)
    pause = np.flatnonzero(made.phones.pause_ms == 200)
    assert made.durations[pause] * frame_s == pytest.approx(0.2, abs=frame_s)
    assert made.tail_s + made.durations[-1] * frame_s == pytest.approx(0.5, abs=frame_s)


def test_a_word_s_own_prosody_touches_that_word_alone(voice):
    loud = (WORDS[0], WORDS[1], Word("下雨", WORDS[2].syllables, prosody=Prosody(volume_db=6.0, rate=0.5)), WORDS[3])
    usual, changed = acoustics(voice), acoustics(voice, loud)
    first, second = (usual.phones.word_index == w for w in (0, 2))
    assert np.abs(changed.durations[first] - usual.durations[first]).max() <= 1
    assert changed.durations[second].sum() == pytest.approx(2 * usual.durations[second].sum(), abs=2)
    assert set(np.unique(changed.gain_db)) == {0.0, 6.0}


def test_places_run_from_the_left_to_the_right_of_each_phone():
    places = frame_places(np.array([4, 1]))
    assert places.shape == (5, 8)
    assert places[:4, 0] == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert places[4, 0] == 0.5
    assert np.allclose(places[:, 0] + places[:, 1], 1)
    assert places[3, 4] == pytest.approx(np.log1p(3) / 3)
    assert places[0, 5] == pytest.approx(np.log1p(3) / 3)


def test_tilt_is_zero_at_one_kilohertz_and_rises(voice):
    shape = tilt_shape(voice.config.mel)
    assert (np.diff(shape) >= 0).all()
    assert shape[0] < 0 < shape[-1]
    assert np.abs(shape).min() < np.log(10) / 20 * 0.1
