import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.audio.stft import stft  # noqa: E402
from tingshuo.models.layers.stft import hann_window, magnitude, reflected, spectrum  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("size", "n_fft", "hop", "win"), [(5000, 1024, 256, 1024), (3001, 512, 160, 400), (300, 1024, 256, 1024)]
)
def test_it_equals_the_transform_of_the_audio_room(size, n_fft, hop, win):
    wav = np.random.default_rng(0).standard_normal((2, size)).astype(np.float32)
    ours = spectrum(torch.from_numpy(wav), n_fft, hop, win).numpy()
    for row in range(2):
        expected = stft(wav[row], n_fft, hop, win).T
        assert ours[row].shape == expected.shape
        np.testing.assert_allclose(ours[row], expected, atol=1e-4)


def test_a_short_signal_is_reflected_again_and_again():
    wav = np.arange(4.0, dtype=np.float32)
    assert reflected(torch.from_numpy(wav)[None], 9)[0].tolist() == np.pad(wav, 9, mode="reflect").tolist()
    assert reflected(torch.ones(1, 1), 3).tolist() == [[1.0] * 7]


def test_a_window_is_made_once():
    assert hann_window(64, torch.device("cpu")) is hann_window(64, torch.device("cpu"))


def test_the_gradient_of_silence_is_finite():
    wav = torch.zeros(1, 2048, requires_grad=True)
    magnitude(spectrum(wav, 512, 128)).sum().backward()
    assert wav.grad is not None
    assert torch.isfinite(wav.grad).all()


def test_autocast_leaves_it_in_float32():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert spectrum(torch.zeros(1, 2048).bfloat16(), 512, 128).dtype == torch.complex64
