"""Codes become samples, however they are cut, and codes that are none are refused."""

import numpy as np
import pytest

from tingshuo.config import FrameConfig
from tingshuo.config.codec import BandwidthConfig, CodecBundleConfig
from tingshuo.errors import BundleError, RequestError
from tingshuo.tasks.codec import Decoder, open_decoder
from tingshuo.tasks.voices import find_voice
from tingshuo.types import GraphSpec

HOP, BINS = 8, 17
SETTINGS = CodecBundleConfig(
    family="codec+vocos", codec="encodec_24khz", frames=FrameConfig(24000, HOP), codebooks=4, codebook_size=10,
    bandwidths=(BandwidthConfig(1.5, 2), BandwidthConfig(6.0, 4)), vocoder_context_frames=2, architecture={},
)  # fmt: skip


class Fake:
    """A transform that a frame's codes, its neighbours' and the bandwidth decide on."""

    spec = GraphSpec({}, {"log_magnitude": ("float32", (1, "F", BINS)), "phase": ("float32", (1, "F", BINS))})

    def __init__(self):
        self.asked = []

    def run(self, inputs):
        assert inputs["codes"].dtype == inputs["bandwidth"].dtype == np.int64
        self.asked.append(inputs["codes"].shape)
        own = np.pad(inputs["codes"][0].sum(0), 2)
        near = sum(own[shift : shift + inputs["codes"].shape[2]] for shift in range(5)) + inputs["bandwidth"][0]
        phase = near[None, :, None] * np.arange(BINS) * 0.37
        return {"log_magnitude": -0.01 * phase.astype(np.float32), "phase": phase.astype(np.float32)}


def codes_of(rows, frames=700):
    return np.random.default_rng(0).integers(0, 10, (rows, frames))


def test_pieces_are_the_whole():
    whole, cut = Decoder(SETTINGS, Fake()), Decoder(SETTINGS, Fake())
    wav = whole.decode(codes_of(4))
    pieces = list(cut.stream(codes_of(4)))
    assert wav.shape == (700 * HOP,)
    assert len(pieces) > 2 < len(whole.graph.asked) + 1
    np.testing.assert_array_equal(np.concatenate(pieces), wav)
    assert np.abs(wav).max() > 1e-3
    assert whole.decode(codes_of(4, 0)).shape == (0,)


def test_the_bandwidth_is_that_of_as_many_codes_unless_one_is_named():
    decoder = Decoder(SETTINGS, Fake())
    assert [decoder.row_of(codes_of(rows)) for rows in (2, 4)] == [0, 1]
    assert decoder.row_of(codes_of(3), 6.0) == 1
    named, own = decoder.decode(codes_of(2, 30), 6.0), decoder.decode(codes_of(2, 30))
    assert not np.allclose(named, own)
    with pytest.raises(RequestError, match=r"3 codes a frame are of no bandwidth: 2 at 1\.5 kbps, 4 at 6 kbps; say which"):
        decoder.decode(codes_of(3))
    with pytest.raises(RequestError, match=r"unknown bandwidth 3 kbps; accepted: 1\.5, 6"):
        decoder.decode(codes_of(2), 3.0)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((2, 3, 4), int), r"codes are \(Q, F\) whole numbers with Q from 1 to 4, not \[2, 3, 4\] of int64"),
        (np.zeros((5, 4), int), r"not \[5, 4\]"),
        (np.zeros((2, 4)), "of float64"),
        (np.full((2, 4), 10), "codes are numbers from 0 to 9"),
        (np.full((2, 4), -1), "codes are numbers from 0 to 9"),
    ],
)
def test_codes_that_are_none_are_refused(codes, message):
    with pytest.raises(RequestError, match=message):
        Decoder(SETTINGS, Fake()).decode(codes)


def test_a_voice_is_no_decoder():
    with pytest.raises(BundleError, match=r"reads no codes, it is of the family fastspeech\+"):
        open_decoder(find_voice("default"))
