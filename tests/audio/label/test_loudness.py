import numpy as np
import pytest

from tingshuo.audio.label.loudness import USUAL_DB, Loudness, levels_of

RATE = 16000


def measured(wav, *cuts):
    loudness = Loudness(RATE)
    for piece in np.split(wav, cuts):
        loudness.push(piece)
    return loudness.level_db()


def test_pauses_do_not_count():
    time_s = np.arange(RATE) / RATE
    tone = (0.1 * np.sqrt(2) * np.sin(2 * np.pi * 500 * time_s)).astype(np.float32)
    wav = np.concatenate([tone, np.zeros(3 * RATE, np.float32), tone])
    assert measured(wav) == pytest.approx(-20, abs=0.1)


def test_the_pieces_make_no_difference(speechlike):
    whole = measured(speechlike)
    assert measured(speechlike, 1, 7, 5000, 5000, 5001, 40000) == whole


@pytest.mark.parametrize("wav", [np.zeros(0), np.zeros(RATE), np.full(10, 1e-6)])
def test_without_speech_there_is_a_usual_level(wav):
    assert measured(wav.astype(np.float32)) == USUAL_DB


def test_levels_are_those_of_whole_frames():
    wav = np.concatenate([np.full(4, 0.5), np.full(4, 0.05), np.ones(3)]).astype(np.float32)
    np.testing.assert_allclose(levels_of(wav, 4), [-6.0206, -26.0206], atol=1e-3)
