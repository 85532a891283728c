import numpy as np
import pytest

from tingshuo.audio.mel import HIFIGAN, band_edges, hz_to_mel, log_mel, mel_filterbank, mel_to_hz
from tingshuo.config import MelConfig


def mel_by_torch(torch, wav, config):
    """The definition, by torch's transform and filters written out one by one."""
    window = torch.hann_window(config.win_length)
    spectrum = torch.stft(
        torch.from_numpy(wav), config.n_fft, config.hop_length, config.win_length, window, center=True, return_complex=True
    ).abs()

    def mel(hz):
        return 2595 * np.log10(1 + hz / 700)

    def edge(index):
        place = mel(config.fmin) + (mel(config.fmax) - mel(config.fmin)) * index / (config.n_mels + 1)
        return 700 * (10 ** (place / 2595) - 1)

    bank = np.zeros((config.n_mels, config.n_fft // 2 + 1))
    for row in range(config.n_mels):
        low, center, high = edge(row), edge(row + 1), edge(row + 2)
        for column in range(config.n_fft // 2 + 1):
            hz = column * config.sample_rate / config.n_fft
            if low < hz <= center:
                bank[row, column] = (hz - low) / (center - low)
            elif center < hz < high:
                bank[row, column] = (high - hz) / (high - center)
    return torch.log(torch.clamp(torch.from_numpy(bank).float() @ spectrum, min=config.floor)).numpy()


@pytest.mark.parametrize(
    "config",
    [MelConfig(), MelConfig(sample_rate=16000, n_fft=512, hop_length=160, win_length=400, n_mels=40, fmin=50, fmax=7600)],
)
def test_it_equals_torch(speechlike, config):
    torch = pytest.importorskip("torch")
    expected = mel_by_torch(torch, speechlike, config)
    actual = log_mel(speechlike, config)
    assert actual.dtype == np.float32
    assert actual.shape == expected.shape == (config.n_mels, len(speechlike) // config.hop_length + 1)
    np.testing.assert_allclose(actual, expected, atol=2e-3)


def test_silence_is_the_floor():
    mel = log_mel(np.zeros(2560, np.float32), MelConfig())
    np.testing.assert_allclose(mel, np.log(1e-7), rtol=1e-6)


def test_a_tone_lights_up_its_filter():
    config = MelConfig()
    wav = np.sin(2 * np.pi * 1000 * np.arange(12000) / 24000).astype(np.float32)
    centers = np.argmax(mel_filterbank(config), axis=1) * config.sample_rate / config.n_fft
    loudest = log_mel(wav, config)[:, 20].argmax()
    assert abs(centers[loudest] - 1000) < 50


def test_filters_are_computed_once_and_cannot_be_spoilt():
    bank = mel_filterbank(MelConfig())
    assert mel_filterbank(MelConfig()) is bank
    with pytest.raises(ValueError, match="read-only"):
        bank[0, 0] = 1
    assert (bank.max(axis=1) > 0).all()


HIFIGAN_22K = MelConfig(sample_rate=22050, n_mels=80, fmax=8000.0, **HIFIGAN)
KAN_16K = MelConfig(sample_rate=16000, n_fft=2048, hop_length=200, win_length=1000, n_mels=80, fmax=8000.0, floor=1e-5,
                    scale="slaney", norm="slaney", levels_db=(-80.0, 20.0))  # fmt: skip


def slaney_bank(config):
    """The filters of librosa by their definition: a triangle a band, its area made the same, one number after the other."""

    def hz(place):
        return place * 200 / 3 if place < 15 else 1000 * 6.4 ** ((place - 15) / 27)

    def mel(hz):
        return hz * 3 / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    low, high = mel(config.fmin), mel(config.fmax)
    edges = [hz(low + (high - low) * k / (config.n_mels + 1)) for k in range(config.n_mels + 2)]
    bank = np.zeros((config.n_mels, config.n_fft // 2 + 1))
    for row in range(config.n_mels):
        a, b, c = edges[row : row + 3]
        for column in range(config.n_fft // 2 + 1):
            f = column * config.sample_rate / config.n_fft
            height = (f - a) / (b - a) if f <= b else (c - f) / (c - b)
            bank[row, column] = max(0, height) * 2 / (c - a)
    return bank


@pytest.mark.parametrize("config", [HIFIGAN_22K, KAN_16K])
def test_the_filters_of_slaney_are_those_of_their_definition(config):
    np.testing.assert_allclose(mel_filterbank(config), slaney_bank(config), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("size", [8000, 8191])
def test_the_convention_of_hifigan_is_its_formula(speechlike, size):
    """Written out: reflect (n_fft - hop) / 2 samples, frames without centring, root of power and 1e-9, logarithm from 1e-5."""
    config, wav = HIFIGAN_22K, speechlike[:size]
    padded = np.pad(wav.astype(np.float64), (1024 - 256) // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.stack([padded[256 * k : 256 * k + 1024] * window for k in range((len(padded) - 1024) // 256 + 1)])
    magnitude = np.sqrt(np.abs(np.fft.rfft(frames)) ** 2 + 1e-9)
    expected = np.log(np.maximum(1e-5, slaney_bank(config) @ magnitude.T))
    actual = log_mel(wav, config)
    assert actual.shape == expected.shape == (80, size // 256)
    np.testing.assert_allclose(actual, expected, atol=2e-3)


def test_levels_are_decibels_between_0_and_1(speechlike):
    """KAN-TTS: 20 log10(max(1e-5, m)) - 20, from -100 to 0 made 0 to 1, clipped."""
    plain = log_mel(speechlike, KAN_16K.replace(levels_db=None))
    decibels = 20 * np.log10(np.maximum(1e-5, np.exp(plain.astype(np.float64)))) - 20
    actual = log_mel(speechlike, KAN_16K)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, np.clip((decibels + 100) / 100, 0, 1), atol=1e-5)
    assert log_mel(np.zeros(4000, np.float32), KAN_16K).max() == 0


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_places_on_a_scale_lead_back_to_their_frequencies(scale):
    hz = np.array([0.0, 440, 999, 1000, 1001, 8000])
    np.testing.assert_allclose(mel_to_hz(np.array([hz_to_mel(one, scale) for one in hz]), scale), hz, atol=1e-9)


def test_bands_begin_and_end_where_the_convention_says():
    edges = band_edges(HIFIGAN_22K)
    assert edges.shape == (82,)
    np.testing.assert_allclose(edges[[0, -1]], [0, 8000], atol=1e-9)


def test_frames_that_stand_for_a_hop_lie_half_a_hop_later():
    """A click in the middle of hop 9 is loudest in frame 9 where frames are hops; centred ones have it between 9 and 10."""
    wav = np.zeros(20 * 256, np.float32)
    wav[9 * 256 + 128] = 1
    hops = log_mel(wav, MelConfig(framing="same")).sum(0)
    assert hops.shape == (20,)
    assert hops.argmax() == 9
    centred = log_mel(wav, MelConfig()).sum(0)
    assert centred[9] == pytest.approx(centred[10], rel=1e-3)


def test_less_than_a_hop_has_no_frame_that_stands_for_one():
    assert log_mel(np.ones(200, np.float32), MelConfig(framing="same")).shape == (100, 0)
