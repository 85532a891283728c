import numpy as np
import pytest
from tests.audio.label import codecs

from tingshuo.audio.label.labelling import PAUSE_S, LabelSettings, label_wav
from tingshuo.audio.label.morse import find_rhythms
from tingshuo.audio.label.rhythm import EDGE_S, LENGTH_S, TONE_HZ, UNIT_S
from tingshuo.audio.resample import resample

RATE = 24000


@pytest.fixture(scope="module")
def speech(voice):
    return voice.synthesize("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？").wav


def noisy(wav, rate):
    hiss = np.random.default_rng(0).standard_normal(len(wav)).astype(np.float32)
    return wav + hiss * np.float32(np.sqrt(np.mean(wav**2)) / 10)


CHANGES = {
    "nothing": lambda wav, rate: wav,
    "mp3 64k": codecs.mp3,
    "opus 24k": codecs.opus,
    "16k and back": lambda wav, rate: resample(resample(wav, rate, 16000), 16000, rate),
    "8k and back": lambda wav, rate: resample(resample(wav, rate, 8000), 8000, rate),
    "-20 dB": lambda wav, rate: wav * np.float32(0.1),
    "noise at 20 dB": noisy,
}


@pytest.mark.parametrize("position", ["start", "middle", "end"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_rhythm_is_found_in_its_place(speech, change, position):
    wav, inserted = label_wav(speech, RATE, LabelSettings("rhythm", position))
    (found,) = find_rhythms(CHANGES[change](wav, RATE), RATE)
    start_s = inserted.at_s + (0 if position == "start" else PAUSE_S)
    assert found.start_s == pytest.approx(start_s, abs=0.03)
    assert found.end_s == pytest.approx(start_s + LENGTH_S, abs=0.03)
    assert found.tone_hz == pytest.approx(TONE_HZ, abs=10)
    # Measured where half of the amplitude is reached.
    assert found.unit_s == pytest.approx(UNIT_S - EDGE_S, abs=0.015)


@pytest.mark.parametrize("change", ["nothing", "mp3 64k", "opus 24k"])
def test_plain_speech_has_none(speech, change):
    assert find_rhythms(CHANGES[change](speech, RATE), RATE) == []


def beeps(*units, hz=1000.0, unit_s=0.08, rate=16000):
    """Tones and gaps in turn, lengths in units, each tone a sine with soft edges."""
    parts = []
    for k, length in enumerate(units):
        time_s = np.arange(round(length * unit_s * rate)) / rate
        edge = np.minimum(1, np.minimum(time_s, time_s[::-1]) / 0.005)
        parts.append((0.2 * np.sin(2 * np.pi * hz * time_s) * edge if k % 2 == 0 else 0 * time_s).astype(np.float32))
    quiet = np.zeros(rate // 2, np.float32)
    return np.concatenate([quiet, *parts, quiet])


@pytest.mark.parametrize("hz", [400, 1046.5, 2500])
@pytest.mark.parametrize("unit_s", [0.06, 0.12, 0.2])
@pytest.mark.parametrize("middle", [1, 3])
def test_rhythms_of_others_are_found_whatever_their_pitch_speed_and_middle(hz, unit_s, middle):
    (found,) = find_rhythms(beeps(1, 1, 3, middle, 1, 1, 1, hz=hz, unit_s=unit_s), 16000)
    assert found.start_s == pytest.approx(0.5, abs=0.02)
    assert found.tone_hz == pytest.approx(hz, abs=10)


@pytest.mark.parametrize(
    "units",
    [
        (1, 1, 1, 1, 1, 1, 1),
        (3, 1, 1, 3, 1, 1, 1),
        (1, 1, 3, 3, 1, 1, 3),
        (1, 1, 3, 3, 1),
        (1, 1, 3, 3, 1, 1, 1, 1, 1),
        (1, 1, 1, 1, 3, 3, 1, 1, 1),
        (1, 1, 3, 8, 1, 1, 1),
        (1, 3, 3, 3, 1, 3, 1),
        (11,),
    ],
)
def test_other_rhythms_are_others(units):
    assert find_rhythms(beeps(*units), 16000) == []


def test_tones_of_different_pitch_make_no_rhythm():
    low, high = beeps(1, 1, 3, 3, 1, 1, 1, hz=500), beeps(1, 1, 3, 3, 1, 1, 1, hz=900)
    mixed = np.where(np.arange(len(low)) < len(low) // 2, low, high)
    assert find_rhythms(mixed, 16000) == []


def test_several_are_found_in_order():
    one = beeps(1, 1, 3, 3, 1, 1, 1)
    found = find_rhythms(np.concatenate([one, one]), 16000)
    assert [round(f.start_s, 1) for f in found] == [0.5, round(len(one) / 16000 + 0.5, 1)]


@pytest.mark.parametrize("wav", [np.zeros(0), np.zeros(100), np.zeros(16000), np.ones(16000), np.full(16000, 1e-9)])
def test_nothing_is_found_in_nothing(wav):
    assert find_rhythms(wav.astype(np.float32), 16000) == []
