import numpy as np
import pytest

from tingshuo.audio.mel import log_mel
from tingshuo.audio.mfcc import cosine_basis, differences, mfcc
from tingshuo.config import MelConfig
from tingshuo.config.mfcc import MfccConfig

RNG = np.random.default_rng(0)
NOISE = RNG.uniform(-0.5, 0.5, 6000).astype(np.float32)


def test_coefficients_are_the_cosine_transform_of_the_log_mel():
    config = MfccConfig(preemphasis=0.0, orders=0)
    mel = log_mel(NOISE, config.mel)
    for k, row in enumerate(mfcc(NOISE, config)):
        expected = sum(mel[n] * np.cos(np.pi * k * (n + 0.5) / 26) for n in range(26)) * np.sqrt((1 if k == 0 else 2) / 26)
        np.testing.assert_allclose(row, expected, atol=1e-4)


@pytest.mark.parametrize("samples", [1, 127, 128, 6000])
def test_shape(samples):
    config = MfccConfig()
    features = mfcc(NOISE[:samples], config)
    assert features.shape == (config.size, samples // 128 + 1) == (39, samples // 128 + 1)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_silence_is_finite():
    assert np.isfinite(mfcc(np.zeros(1000, np.float32), MfccConfig())).all()


def test_only_the_first_coefficient_hears_the_level():
    config = MfccConfig(
        orders=0, mel=MelConfig(n_fft=512, hop_length=128, win_length=512, n_mels=26, fmin=60, fmax=7600, floor=1e-9)
    )
    change = mfcc(0.1 * NOISE, config) - mfcc(NOISE, config)
    np.testing.assert_allclose(change[0], np.log(0.1) * np.sqrt(26), rtol=1e-4)
    np.testing.assert_allclose(change[1:], 0, atol=1e-3)


def test_preemphasis_takes_the_sample_before():
    config = MfccConfig(orders=0)
    filtered = np.append(NOISE[:1], NOISE[1:] - 0.97 * NOISE[:-1])
    np.testing.assert_allclose(mfcc(NOISE, config), mfcc(filtered, config.replace(preemphasis=0.0)), atol=1e-4)


def test_the_basis_is_orthonormal():
    basis = cosine_basis(26, 26)
    np.testing.assert_allclose(basis @ basis.T, np.eye(26), atol=1e-5)


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_differences_are_slopes(reach):
    line = np.arange(20, dtype=np.float32)[None] * np.float32([[2], [-0.5]])
    slopes = differences(line, reach)
    np.testing.assert_allclose(slopes[:, reach:-reach], np.float32([[2], [-0.5]]) * np.ones((2, 20 - 2 * reach)), rtol=1e-5)
    np.testing.assert_array_equal(differences(np.full((1, 9), 3, np.float32), reach), 0)


def test_orders_follow_each_other():
    features = mfcc(NOISE, MfccConfig())
    np.testing.assert_array_equal(features[13:26], differences(features[:13], 2))
    np.testing.assert_array_equal(features[26:], differences(features[13:26], 2))
