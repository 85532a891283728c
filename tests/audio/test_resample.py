import numpy as np
import pytest

from tingshuo.audio.resample import Resampled, resample
from tingshuo.errors import AudioError


def sine(rate, hz, samples):
    return np.sin(2 * np.pi * hz * np.arange(samples) / rate).astype(np.float32)


@pytest.mark.parametrize(("source", "target"), [(24000, 16000), (16000, 24000), (44100, 24000)])
def test_a_sine_stays_a_sine(source, target):
    wav = resample(sine(source, 1000, source), source, target)
    assert len(wav) == target
    middle = slice(target // 10, -target // 10)
    np.testing.assert_allclose(wav[middle], sine(target, 1000, target)[middle], atol=1e-4)


def test_what_would_alias_is_removed():
    assert np.abs(resample(sine(24000, 9000, 24000), 24000, 16000)[1000:-1000]).max() < 1e-4


def test_channels_and_layout_are_kept():
    wav = np.stack([sine(24000, 500, 2400), sine(24000, 900, 2400)])
    out = resample(wav, 24000, 48000)
    assert (out.shape, out.dtype, out.flags.c_contiguous) == ((2, 4800), np.float32, True)
    np.testing.assert_allclose(out[1], resample(wav[1], 24000, 48000), atol=1e-6)


def test_equal_rates_change_nothing():
    wav = sine(24000, 500, 100)
    assert resample(wav, 24000, 24000) is wav


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(AudioError, match="above 0 Hz, got 24000 and 0"):
        resample(sine(24000, 500, 100), 24000, 0)


@pytest.mark.parametrize(("rate", "to"), [(48000, 16000), (8000, 16000), (44100, 16000), (16000, 16000)])
@pytest.mark.parametrize("piece", [1, 333, 10**6])
def test_pieces_are_those_of_the_whole(rate, to, piece):
    wav, stream = sine(rate, 500, 3000), Resampled(rate, to)
    pieces = [stream.feed(wav[n : n + piece]) for n in range(0, len(wav), piece)]
    np.testing.assert_allclose(np.concatenate([*pieces, stream.finish()]), resample(wav, rate, to), atol=1e-6)
