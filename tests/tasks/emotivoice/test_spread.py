import numpy as np
import pytest

from tingshuo.tasks.emotivoice.spread import SHARPNESS, shares, whole_frames


def logs(*frames: float) -> np.ndarray:
    return np.log1p(np.array(frames)).astype(np.float32)


def test_halves_are_rounded_to_even_and_nothing_is_negative() -> None:
    found = whole_frames(np.array([-3.0, *logs(0.4, 0.5, 1.5, 2.5, 7.2)], np.float32))
    assert found.tolist() == [0, 0, 0, 2, 2, 7]
    assert found.dtype == np.int64


def test_speed_divides_the_frames_of_all_or_of_each() -> None:
    assert whole_frames(logs(4, 8), 2.0).tolist() == [2, 4]
    assert whole_frames(logs(4, 8), np.array([0.5, 1.0])).tolist() == [8, 8]


def test_a_sentence_is_never_without_frames() -> None:
    assert whole_frames(logs(0.1, 0.2, 0.0)).tolist() == [1, 1, 1]


def test_a_frame_is_shared_out_whole_and_most_of_it_to_the_token_it_lies_in() -> None:
    frames = np.array([3, 0, 5, 2])
    weights = shares(frames)
    assert (weights.shape, weights.dtype) == ((1, 10, 4), np.float32)
    np.testing.assert_allclose(weights.sum(2), 1, rtol=1e-6)
    middles = np.array([1.5, 3, 5.5, 9])
    assert weights[0].argmax(1).tolist() == [np.abs(middles - t).argmin() for t in range(10)]


def test_a_share_is_a_bell_around_the_middle_of_its_token() -> None:
    weights = shares(np.array([4, 4]))[0]
    for t in range(8):  # frame t counts as the point t
        bells = np.exp(-SHARPNESS * (t - np.array([2.0, 6.0])) ** 2)
        assert weights[t] == pytest.approx(bells / bells.sum(), rel=1e-5)


def test_frames_far_from_every_middle_are_still_shared_out() -> None:
    weights = shares(np.array([400, 1]))
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(2), 1, rtol=1e-6)
