import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.audio.noise import SeededNoise
from tingshuo.audio.source import BLOCK_FRAMES, PulseTrain, SourceFilterSynthesizer

RATE, HOP, N_FFT, BINS = 24000, 256, 1024, 513


def error_db(actual, expected):
    return 10 * np.log10(np.mean(np.square(actual - expected)) / np.mean(np.square(expected)) + 1e-30)


def contour(frames, rng):
    """F0 that wanders between 80 and 400 Hz with unvoiced stretches."""
    hz = 180 * 2 ** np.clip(np.cumsum(rng.normal(0, 0.05, frames)), -1.1, 1.1)
    return np.where(np.sin(np.arange(frames) / 9 + rng.uniform(0, 6)) > -0.6, hz, 0).astype(np.float32)


def filters(frames, rng):
    return [rng.standard_normal((frames, BINS)).astype(np.float32) * scale for scale in (2, 1, 2)]


def pulses_by_definition(f0):
    """The formula in float64, sample by sample."""
    at = np.arange((len(f0) - 1) * HOP)
    frame, fraction = at // HOP, at % HOP / HOP
    hz = f0[frame] + (f0[frame + 1].astype(np.float64) - f0[frame]) * fraction
    phase = np.cumsum(hz / RATE)
    safe = np.maximum(hz, 40)
    return np.sinc(RATE * (phase - np.round(phase)) / safe) * (hz > 40) * np.sqrt(safe / RATE) * 4


def test_pulses_follow_the_definition():
    f0 = contour(300, np.random.default_rng(1))
    assert error_db(PulseTrain(RATE, HOP).extend(f0), pulses_by_definition(f0)) < -110


@given(st.integers(1, 100), st.integers(0, 2**32 - 1))
def test_pulses_do_not_depend_on_the_cuts(pieces, frames, seed):
    rng = np.random.default_rng(seed)
    f0 = contour(frames, rng)
    train = PulseTrain(RATE, HOP)
    stream = np.concatenate([train.extend(piece) for piece, _ in pieces(rng, f0)])
    np.testing.assert_array_equal(stream, PulseTrain(RATE, HOP).extend(f0))
    assert len(stream) == (frames - 1) * HOP


def test_the_phase_does_not_drift():
    # 240 Hz at 24 kHz has a pulse every 100 samples, the first at sample 99, whatever has gone before.
    train = PulseTrain(RATE, HOP)
    for _ in range(600):
        wav = train.extend(np.full(100, 240, np.float32))
    # 60,000 frames, of which the last 100 begin at sample 59,899 * 256.
    start = 59_899 * HOP
    peaks = np.flatnonzero(wav > 0.99 * wav.max()) + start
    np.testing.assert_array_equal(peaks % 100, 99)
    assert len(peaks) == len(wav) // 100


def test_unvoiced_frames_are_silent():
    assert not PulseTrain(RATE, HOP).extend(np.zeros(20, np.float32)).any()


@given(st.integers(1, 120), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=40, deadline=None)
def test_samples_do_not_depend_on_the_cuts(pieces, frames, seed, steady):
    rng = np.random.default_rng(seed)
    f0, layers = contour(frames, rng), filters(frames, rng)
    whole = SourceFilterSynthesizer(N_FFT, HOP, RATE, seed=seed, steady_noise=steady).push(f0, *layers, last=True)
    stream = SourceFilterSynthesizer(N_FFT, HOP, RATE, seed=seed, steady_noise=steady)
    parts = [stream.push(*piece, last=last) for *piece, last in pieces(rng, f0, *layers)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.shape == ((frames - 1) * HOP,)
    assert whole.dtype == np.float32


@pytest.mark.parametrize(("frames", "start"), [(4, 0), (5, 1000), (33, 256 * 500), (150, 256 * 7)])
@pytest.mark.parametrize("steady", [False, True])
def test_samples_equal_torch(frames, start, steady):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(frames)
    f0, layers = contour(frames, rng), filters(frames, rng)
    window = torch.hann_window(N_FFT)

    def transform(wav):
        return torch.stft(torch.from_numpy(wav), N_FFT, HOP, N_FFT, window, center=True, return_complex=True)

    gain, phase, noise_gain = (torch.from_numpy(layer.T.copy()) for layer in layers)
    pulses, noise = PulseTrain(RATE, HOP).extend(f0), SeededNoise(5).read(start, (frames - 1) * HOP)
    voiced = transform(pulses) * torch.polar(torch.exp(gain.clamp(max=6)), 3.1416 * phase)
    hiss = transform(noise)
    if steady:
        hiss = torch.polar(torch.full_like(hiss.real, float(window.square().sum().sqrt())), hiss.angle())
    unvoiced = 0.3 * hiss * torch.exp(noise_gain.clamp(max=6) - 2)
    expected = torch.istft(voiced + unvoiced, N_FFT, HOP, N_FFT, window, center=True).numpy()
    source = SourceFilterSynthesizer(N_FFT, HOP, RATE, seed=5, start_samples=start, steady_noise=steady)
    assert error_db(source.push(f0, *layers, last=True), expected) < (-90 if steady else -110)


def test_filters_do_what_they_say():
    frames = 60
    f0 = np.full(frames, 200, np.float32)
    silent = np.full((frames, BINS), -40, np.float32)
    flat = np.zeros((frames, BINS), np.float32)

    def speak(gain, phase, noise_gain):
        return SourceFilterSynthesizer(N_FFT, HOP, RATE, seed=3).push(f0, gain, phase, noise_gain, last=True)

    pulses, noise = PulseTrain(RATE, HOP).extend(f0), SeededNoise(3).read(0, (frames - 1) * HOP)
    assert error_db(speak(flat, flat, silent), pulses) < -100
    assert error_db(speak(flat, flat + 1, silent), -pulses) < -80  # half a turn; 3.1416 is not quite pi
    assert error_db(speak(flat + 1, flat, silent), np.e * pulses) < -100
    assert error_db(speak(silent, flat, flat + 2), 0.3 * noise) < -100
    assert error_db(speak(flat + 50, flat, silent), np.exp(6) * pulses) < -100


def test_a_sample_leaves_with_the_frame_that_completes_it():
    rng = np.random.default_rng(0)
    synthesizer = SourceFilterSynthesizer(N_FFT, HOP, RATE)
    counts = [len(synthesizer.push(contour(1, rng), *filters(1, rng))) for _ in range(8)]
    assert counts == [0, 0, 0, 0, 256, 256, 256, 256]


def test_long_pushes_are_cut_into_blocks():
    rng = np.random.default_rng(0)
    frames = 3 * BLOCK_FRAMES
    f0, layers = contour(frames, rng), filters(frames, rng)
    assert len(SourceFilterSynthesizer(N_FFT, HOP, RATE).push(f0, *layers, last=True)) == (frames - 1) * HOP


def test_layers_of_different_lengths_are_our_own_mistake():
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="differ"):
        SourceFilterSynthesizer(N_FFT, HOP, RATE).push(contour(5, rng), *filters(4, rng))
