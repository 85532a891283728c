import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.audio.stft import CenteredFrames, OverlapAdd, analysis_window, frames_of, hann_window, istft, stft


def error_db(actual, expected):
    return 10 * np.log10(np.mean(np.abs(actual - expected) ** 2) / np.mean(np.abs(expected) ** 2) + 1e-30)


def noise(samples, seed=0):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


@pytest.mark.parametrize(("n_fft", "hop", "win"), [(1024, 256, 1024), (1024, 256, 800), (512, 128, 512), (400, 160, 400)])
def test_stft_equals_torch(n_fft, hop, win):
    torch = pytest.importorskip("torch")
    wav = noise(7001)
    window = torch.hann_window(win)
    expected = torch.stft(torch.from_numpy(wav), n_fft, hop, win, window, center=True, return_complex=True).numpy().T
    actual = stft(wav, n_fft, hop, win)
    assert actual.dtype == np.complex64
    assert actual.shape == expected.shape
    assert error_db(actual, expected) < -120


@pytest.mark.parametrize("frames", [2, 3, 4, 50])
def test_istft_equals_torch(frames):
    torch = pytest.importorskip("torch")
    spectrum = noise(frames * 513).reshape(frames, 513) + 1j * noise(frames * 513, 1).reshape(frames, 513)
    spectrum = spectrum.astype(np.complex64)
    window = torch.hann_window(1024)
    expected = torch.istft(torch.from_numpy(spectrum.T.copy()), 1024, 256, 1024, window, center=True).numpy()
    actual = istft(spectrum, 1024, 256)
    assert actual.dtype == np.float32
    assert actual.shape == expected.shape
    assert error_db(actual, expected) < -120


@pytest.mark.parametrize("samples", [256, 512, 768, 2560])
def test_istft_undoes_stft(samples):
    wav = noise(samples)
    assert error_db(istft(stft(wav, 1024, 256), 1024, 256), wav) < -120


def test_a_bin_sees_its_sine():
    wav = np.sin(2 * np.pi * 64 / 1024 * np.arange(4096)).astype(np.float32)
    magnitude = np.abs(stft(wav, 1024, 256))[8]
    assert magnitude.argmax() == 64
    assert magnitude[64] == pytest.approx(1024 / 4, rel=1e-4)


def test_windows_are_periodic_and_cannot_be_spoilt():
    window = hann_window(8)
    np.testing.assert_allclose(window[:5], [0, 0.146447, 0.5, 0.853553, 1], atol=1e-6)
    np.testing.assert_array_equal(window[1:], window[1:][::-1])
    for shared in (window, analysis_window(16, 8)):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 1


def test_frames_are_a_view():
    wav = noise(100)
    frames = frames_of(wav, 20, 10)
    assert frames.shape == (9, 20)
    assert np.shares_memory(frames, wav)
    np.testing.assert_array_equal(frames[3], wav[30:50])


@given(st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_centered_frames_do_not_depend_on_the_cuts(pieces, samples, seed):
    rng = np.random.default_rng(seed)
    wav = rng.standard_normal((samples, 2)).astype(np.float32)
    expected = np.pad(wav.T, ((0, 0), (64, 64)), mode="reflect")
    queue = CenteredFrames(128, 32, channels=2)
    frames = []
    for piece, last in pieces(rng, wav):
        queue.push(piece.T, last)
        frames.append(queue.take(queue.ready).copy() if queue.ready else np.zeros((2, 0, 128), np.float32))
    np.testing.assert_array_equal(np.concatenate(frames, axis=1), frames_of(expected, 128, 32))


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_overlap_add_does_not_depend_on_the_cuts(pieces, count, seed):
    rng = np.random.default_rng(seed)
    frames = rng.standard_normal((count, 128)).astype(np.float32)
    whole = OverlapAdd(128, 32).push(frames, last=True)
    stream = OverlapAdd(128, 32)
    np.testing.assert_array_equal(np.concatenate([stream.push(piece, last) for piece, last in pieces(rng, frames)]), whole)
    assert len(whole) == (count - 1) * 32


def test_frames_leave_as_soon_as_they_are_whole():
    queue = CenteredFrames(1024, 256)
    queue.push(np.zeros((1, 512), np.float32))
    assert queue.ready == 0
    queue.push(np.zeros((1, 1), np.float32))
    assert queue.ready == 1
    assert len(OverlapAdd(1024, 256).push(np.zeros((3, 1024), np.float32))) == 256


def test_an_empty_signal_has_no_frames():
    queue = CenteredFrames(1024, 256)
    queue.push(np.zeros((1, 0), np.float32), last=True)
    assert queue.ready == 0


@pytest.mark.parametrize(("n_fft", "hop"), [(1000, 256), (768, 256), (512, 256)])
def test_a_hop_that_does_not_fit_is_our_own_mistake(n_fft, hop):
    with pytest.raises(AssertionError, match="n_fft"):
        OverlapAdd(n_fft, hop)
