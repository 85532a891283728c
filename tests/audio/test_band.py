"""What a recording of a lower sample rate tells of."""

import numpy as np
import pytest

from tingshuo.audio.band import known_bands, known_hz
from tingshuo.audio.mel import mel_filterbank
from tingshuo.config import MelConfig

MEL = MelConfig()


@pytest.mark.parametrize(
    ("bandwidth_hz", "sample_rate", "known"), [(8000, 24000, 7360), (8000, 16000, 8000), (None, 24000, 12000)]
)
def test_the_edge_of_filters_is_not_known(bandwidth_hz, sample_rate, known):
    assert known_hz(bandwidth_hz, sample_rate) == known


@pytest.mark.parametrize("bandwidth_hz", [None, 12000, 20000])
def test_a_whole_band_is_known_as_a_whole(bandwidth_hz):
    assert known_bands(MEL, bandwidth_hz) == MEL.n_mels


def test_bands_are_known_as_a_whole_or_not_at_all():
    bands = known_bands(MEL, 8000)
    bank = mel_filterbank(MEL)
    hz = np.linspace(0, 12000, bank.shape[1])
    assert hz[np.flatnonzero(bank[bands - 1])].max() <= 7360 < hz[np.flatnonzero(bank[bands])].max()


def test_of_nothing_no_band_is_known():
    assert known_bands(MEL, 10) == 0
