import numpy as np
import pytest

from tingshuo.audio.mel import log_mel, mel_filterbank
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
