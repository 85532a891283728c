import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from tingshuo.audio import noise  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter, levelled  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=2)).eval()


@torch.inference_mode()
def test_outputs_have_one_number_per_frame_and_bin(net):
    outputs = net(torch.zeros(1, 100, 9), torch.full((1, 9), 200.0))
    assert [output.shape for output in outputs] == [(1, 9, 513)] * 3


@torch.inference_mode()
def test_pulses_have_the_period_of_f0(net):
    pulses = net.pulses(torch.full((1, 21), 240.0))[0]
    assert len(pulses) == 20 * 256
    spectrum = torch.fft.rfft(pulses[:4800] * torch.hann_window(4800)).abs()  # bins of 5 Hz
    assert spectrum[3:72].argmax() + 3 == 48
    assert spectrum[480] > 0.5 * spectrum[48]  # the tenth harmonic is as strong: a pulse, not a sine
    assert spectrum[72] < 1e-3 * spectrum[48]


@torch.inference_mode()
def test_without_voicing_there_are_no_pulses(net):
    assert not net.pulses(torch.zeros(1, 10)).any()


@torch.inference_mode()
def test_wave_has_a_hop_per_frame(net):
    wav = net.synthesize(torch.zeros(1, 100, 11), torch.full((1, 11), 150.0), torch.randn(1, 2560))
    assert wav.shape == (1, 2560)
    assert torch.isfinite(wav).all()


def test_gradients_reach_the_input():
    net = SourceFilter(SourceFilterConfig(dim=8, hidden=8, layers=1))
    mel = torch.zeros(1, 100, 9, requires_grad=True)
    net.synthesize(mel, torch.full((1, 9), 150.0), torch.randn(1, 2048)).square().sum().backward()
    assert mel.grad is not None
    assert mel.grad.abs().sum() > 0


def test_steady_noise_is_that_of_the_signal_path():
    spectra = torch.stft(torch.randn(2, 8192), 1024, 256, window=torch.hann_window(1024), return_complex=True)
    expected = [noise.levelled(one.T.contiguous().numpy().copy()).T for one in spectra]
    np.testing.assert_allclose(levelled(spectra).numpy(), expected, rtol=1e-4)


@torch.inference_mode()
def test_with_steady_noise_levels_do_not_flicker():
    plain, steady = (SourceFilter(SourceFilterConfig(dim=8, hidden=8, layers=1, steady_noise=on)) for on in (0, 1))
    steady.load_state_dict(plain.state_dict())
    mel, f0, hiss = torch.full((1, 100, 80), -2.0), torch.zeros(1, 80), torch.randn(1, 79 * 256)
    spread = []
    for net in (plain, steady):
        wav = net.synthesize(mel, f0, hiss)
        bins = torch.stft(wav, 1024, 256, window=torch.hann_window(1024), return_complex=True).abs()[:, 20:500, 4:-4]
        spread.append(float(bins.std() / bins.mean()))
    assert spread[0] > 0.48  # Rayleigh: 0.52
    assert spread[1] < 0.4
