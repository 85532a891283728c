"""How far a vocoder looks is found out by trying, and a vocoder that cannot be cut is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

from tests.port.tiny_sherpa import BANDS, HOP, N_FFT, VOCOS_HOP, write_hifigan, write_vocos

from tingshuo.config.graph_voice import VocoderRoles
from tingshuo.errors import PortError
from tingshuo.port.importers.graph_voice_reach import find_reach
from tingshuo.port.importers.graph_voice_trial import open_plain
from tingshuo.port.importers.onnx_files import read_onnx

pytestmark = pytest.mark.train
WAV = VocoderRoles(mel="mel", wav="audio")


def test_samples_and_transforms_reach_as_far_as_their_kernels(tmp_path: Path):
    hifigan = open_plain(read_onnx(write_hifigan(tmp_path / "h.onnx")), "vocoder")
    assert find_reach(hifigan, WAV, BANDS) == (HOP, 2)
    roles = VocoderRoles(mel="mel", magnitude="mag", cos="x", sin="y", n_fft=N_FFT, hop_length=VOCOS_HOP)
    vocos = open_plain(read_onnx(write_vocos(tmp_path / "v.onnx")), "vocoder")
    assert find_reach(vocos, roles, BANDS) == (VOCOS_HOP, 1)
    with pytest.raises(PortError, match="the vocoder cannot be run on a mel of 5 bands"):
        find_reach(vocos, roles, 5)


class Made:
    """A vocoder that is a function of a mel (n_mels, F)."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def run(self, inputs: Any) -> dict[str, Any]:
        return {"audio": np.asarray(self.function(inputs["mel"][0]), np.float32)[None]}


def test_one_that_looks_at_everything_or_centres_its_frames_is_made_at_once():
    level = Made(lambda mel: np.repeat(mel[0] / 20 + mel.mean() / 20, HOP))
    assert find_reach(level, WAV, 3) == (HOP, 0)
    centred = Made(lambda mel: np.repeat(mel[0, 1:] / 20, HOP))
    assert find_reach(centred, WAV, 3) == (HOP, 0)


def test_one_that_makes_no_whole_number_of_samples_is_refused():
    with pytest.raises(
        PortError, match="the vocoder makes 777 samples of 200 frames, which is no whole number of samples a frame"
    ):
        find_reach(Made(lambda mel: np.zeros(777)), WAV, 3)
