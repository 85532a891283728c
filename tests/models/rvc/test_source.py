import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.rvc.config import PRESETS  # noqa: E402
from tingshuo.models.rvc.source import SINE_GAIN, TURN, UNVOICED_NOISE, VOICED_NOISE, Source  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = PRESETS["40k v2"]


@pytest.fixture
def source():
    """Return a source that mixes nothing in: what comes out is the tanh of the excitation."""
    made = Source(CONFIG)
    torch.nn.init.ones_(made.mix.weight)
    torch.nn.init.zeros_(made.mix.bias)
    return made.eval()


def excite(source, f0, noise=None, phase=0):
    f0 = torch.from_numpy(np.array([f0], np.float32))
    noise = torch.zeros(1, f0.shape[1], CONFIG.hop_length) if noise is None else noise
    with torch.inference_mode():
        excitation, after = source(f0, noise, torch.tensor([phase]))
    return torch.atanh(excitation.double()).flatten().numpy(), int(after)


def test_the_phase_is_the_running_sum_of_f0(source):
    f0 = np.array([200.0, 0.0, 311.7, 312.9, 98.6], np.float32)
    excitation, after = excite(source, f0)
    turns = np.cumsum(np.repeat(f0.astype(np.float64), CONFIG.hop_length) / CONFIG.sample_rate)
    expected = SINE_GAIN * np.sin(2 * np.pi * turns) * (np.repeat(f0, CONFIG.hop_length) > 0)
    np.testing.assert_allclose(excitation, expected, atol=2e-7)
    assert after / TURN == pytest.approx(turns[-1] % 1, abs=1e-8)


def test_pieces_join_to_the_bit(source):
    f0 = np.linspace(80, 700, 200)
    whole, end = excite(source, f0)
    first, middle = excite(source, f0[:123])
    second, last = excite(source, f0[123:], phase=middle)
    assert np.array_equal(np.concatenate([first, second]), whole)
    assert last == end


def test_ten_minutes_do_not_drift():
    source = Source(CONFIG.replace(sample_rate=400, upsample_rates=(2, 2))).eval()
    f0, frames = np.float32(87.3), 60_000
    with torch.inference_mode():
        _, end = source(torch.full((1, frames), f0), torch.zeros(1, frames, 4), torch.zeros(1, dtype=torch.int64))
    assert int(end) / TURN == pytest.approx(float(f0) * frames / 100 % 1, abs=1e-6)


def test_noise_is_faint_where_there_is_a_pitch_and_a_third_of_the_sine_where_there_is_none(source):
    noise = torch.ones(1, 2, CONFIG.hop_length)
    noisy, _ = excite(source, [200.0, 0.0], noise)
    clean, _ = excite(source, [200.0, 0.0])
    added = (noisy - clean).reshape(2, -1)
    np.testing.assert_allclose(added[0], VOICED_NOISE, atol=2e-7)
    np.testing.assert_allclose(added[1], UNVOICED_NOISE, atol=2e-7)
    assert math.isclose(UNVOICED_NOISE, 0.1 / 3)
