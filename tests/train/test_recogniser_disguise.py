"""Utterances lie side by side, at another tempo."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tingshuo.errors import DataError
from tingshuo.train.recogniser_disguise import stretched

pytestmark = pytest.mark.train


def ramp(frames):
    return np.arange(frames, dtype=np.float32)[:, None] * np.ones(3, np.float32)


def test_an_utterance_keeps_its_course_at_every_tempo():
    features, lengths = stretched([ramp(20), ramp(20), ramp(7)], [1.0, 0.8, 1.25], 30)
    assert lengths.tolist() == [20, 25, 6]
    assert features[0, :20, 0].tolist() == list(range(20))
    np.testing.assert_allclose(features[1, :20, 0], 0.8 * np.arange(20), atol=1e-5)
    np.testing.assert_allclose(features[2, :5, 2], 1.25 * np.arange(5), atol=1e-5)
    assert (features[2, 6:] == 0).all(), "quiet behind it"


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="does not fit"):
        stretched([ramp(20)], [0.5], 30)
