import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.audio.level import CEILING, KNEE, soft_limit


def test_quiet_audio_is_returned_as_it_is():
    wav = np.linspace(-KNEE, KNEE, 100, dtype=np.float32)
    assert soft_limit(wav) is wav


@given(st.lists(st.floats(-50, 50, width=32), min_size=1))
def test_nothing_reaches_full_scale_and_order_is_kept(samples):
    wav = np.sort(np.array(samples, np.float32))
    out = soft_limit(wav)
    assert np.abs(out).max() <= CEILING + 1e-6
    assert (np.diff(out) >= 0).all()
    assert (np.sign(out) == np.sign(wav)).all()


def test_it_knows_no_past():
    wav = np.random.default_rng(0).normal(0, 1, 1000).astype(np.float32)
    assert np.array_equal(np.concatenate([soft_limit(wav[:333]), soft_limit(wav[333:])]), soft_limit(wav))
