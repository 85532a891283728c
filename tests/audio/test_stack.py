"""Several vectors side by side, every few vectors."""

import numpy as np
import pytest

from tingshuo.audio.stack import stack_frames

FEATURES = np.arange(10, dtype=np.float32)[:, None] + np.array([0, 0.5], np.float32)


def test_the_middle_vector_is_that_of_its_time_and_the_ends_are_held():
    stacked = stack_frames(FEATURES, 3, 4)
    assert stacked[:, ::2].tolist() == [[0, 0, 1], [3, 4, 5], [7, 8, 9]]
    assert stacked[:, 1::2].tolist() == [[0.5, 0.5, 1.5], [3.5, 4.5, 5.5], [7.5, 8.5, 9.5]]


@pytest.mark.parametrize("frames", [1, 5, 6, 7, 10])
def test_funasrs_seven_every_six(frames):
    stacked = stack_frames(FEATURES[:frames], 7, 6)
    assert stacked.shape == (-(-frames // 6), 14)
    assert stacked[-1, ::2].tolist() == [min(max((len(stacked) - 1) * 6 + n, 0), frames - 1) for n in range(-3, 4)]


def test_an_even_window_has_one_more_behind():
    assert stack_frames(FEATURES, 2, 5)[:, ::2].tolist() == [[0, 1], [5, 6]]


def test_nothing_and_one_by_one_stay_as_they_are():
    assert stack_frames(FEATURES[:0], 7, 6).shape == (0, 14)
    np.testing.assert_array_equal(stack_frames(FEATURES, 1, 1), FEATURES)
