import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.audio import mel as reference  # noqa: E402
from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.models.layers.mel import log_mel, mel_filterbank  # noqa: E402

pytestmark = pytest.mark.train

HIFIGAN = MelConfig(sample_rate=22050, n_mels=80, fmax=8000.0, **reference.HIFIGAN)
LEVELS = MelConfig(sample_rate=16000, n_fft=2048, hop_length=200, win_length=1000, n_mels=80, fmax=8000.0, floor=1e-5,
                   scale="slaney", norm="slaney", levels_db=(-80.0, 20.0))  # fmt: skip
NARROW = MelConfig(sample_rate=16000, n_fft=512, hop_length=160, win_length=400, n_mels=40, fmin=50, fmax=7600)


def noise(size: int, rows: int = 2) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (0.1 * rng.standard_normal((rows, size)) * np.linspace(1e-3, 1, size)).astype(np.float32)


@pytest.mark.parametrize("config", [MelConfig(), NARROW, HIFIGAN, LEVELS])
@pytest.mark.parametrize("size", [400, 8192, 20001])
def test_it_equals_the_reference_in_numpy(config, size):
    wav = noise(size)
    ours = log_mel(torch.from_numpy(wav), config)
    assert ours.shape == (2, config.n_mels, size // config.hop_length + (config.framing == "center"))
    for row in range(2):
        np.testing.assert_allclose(ours[row].numpy(), reference.log_mel(wav[row], config), atol=2e-3)


def test_silence_is_the_floor():
    config = MelConfig()
    assert torch.allclose(log_mel(torch.zeros(1, 4000), config), torch.tensor(config.floor).log())


def test_less_than_a_hop_has_no_frame_that_stands_for_one():
    assert log_mel(torch.zeros(2, 200), HIFIGAN).shape == (2, 80, 0)


@pytest.mark.parametrize("config", [MelConfig(), HIFIGAN])
def test_gradients_reach_the_wave_and_are_right(config):
    wav = torch.from_numpy(noise(4096, 1)).requires_grad_()
    log_mel(wav, config).mean().backward()
    assert wav.grad is not None
    direction = wav.grad / wav.grad.norm()
    with torch.no_grad():
        ahead, behind = (log_mel(wav + side * direction, config).double().mean() for side in (1e-4, -1e-4))
    assert float(ahead - behind) / 2e-4 == pytest.approx(float(wav.grad.norm()), rel=0.02)


def test_autocast_changes_nothing():
    wav = torch.from_numpy(noise(5000))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = log_mel(wav, MelConfig())
    assert under.dtype == torch.float32
    assert torch.equal(under, log_mel(wav, MelConfig()))


def test_filters_made_in_inference_mode_serve_training():
    config = MelConfig(n_mels=33)
    with torch.inference_mode():
        log_mel(torch.zeros(1, 2000), config)
    log_mel(torch.rand(1, 2000, requires_grad=True), config).sum().backward()
    assert mel_filterbank(config, torch.device("cpu")) is mel_filterbank(config, torch.device("cpu"))
