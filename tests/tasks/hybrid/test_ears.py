import numpy as np
from tests.tasks.hybrid.small import settings

from tingshuo.audio.mfcc import mfcc
from tingshuo.tasks.hybrid.ears import coefficients, places, spliced

WAV = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)


def test_what_a_microphone_adds_to_all_frames_is_gone():
    config = settings().mfcc
    found = coefficients(WAV, config)
    assert found.shape == (26, 4)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(found, mfcc(WAV, config).T - mfcc(WAV, config).mean(1), atol=1e-3)
    np.testing.assert_allclose(coefficients(WAV * 0.5, config), found, atol=1e-2)


def test_a_frame_is_seen_beside_those_around_it_and_the_ends_go_on():
    frames = np.arange(8, dtype=np.float32).reshape(4, 2)
    np.testing.assert_array_equal(
        spliced(frames, (-2, 0, 1)),
        [[0, 1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [0, 1, 4, 5, 6, 7], [2, 3, 6, 7, 6, 7]],
    )


def test_frames_of_another_clip_are_never_seen():
    at = np.array([3, 4, 6])
    first, stop = np.array([0, 4, 4]), np.array([4, 7, 7])
    np.testing.assert_array_equal(places(at, first, stop, (-1, 0, 1)), [[2, 3, 3], [4, 4, 5], [5, 6, 6]])
