import numpy as np

from tingshuo.tasks.keywords.window import fit_window, loudest, silence_of


def clip(frames: int, first: int, last: int) -> np.ndarray:
    """Quiet frames at -5, loud ones at 3."""
    features = np.full((frames, 2), -5, np.float32)
    features[first:last] = 3
    return features


def test_a_short_clip_lies_in_the_middle_of_its_own_silence() -> None:
    window = fit_window(clip(10, 4, 6), 20)
    assert window.shape == (20, 2)
    np.testing.assert_array_equal(np.flatnonzero(window[:, 0] > 0), [9, 10])
    assert (window[:5] == -5).all()


def test_of_a_long_clip_the_loudest_stretch_is_heard() -> None:
    features = clip(100, 70, 80)
    assert 60 <= loudest(features, 20) <= 70
    assert (fit_window(features, 20)[:, 0] > 0).sum() == 10


def test_a_clip_of_the_right_length_is_as_it_was() -> None:
    features = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    np.testing.assert_array_equal(fit_window(features, 20), features)


def test_silence_is_what_a_tenth_lies_under() -> None:
    np.testing.assert_allclose(silence_of(np.arange(11, dtype=np.float32)[:, None]), [1.0])
