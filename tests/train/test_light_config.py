"""Sizes of a student follow the voice's frames; wrong ones are said."""

import pytest

pytest.importorskip("torch")

from tingshuo.config import FrameConfig
from tingshuo.errors import ConfigError, RequestError
from tingshuo.train.light_config import LightConfig, student_mel, student_sizes

pytestmark = pytest.mark.train


@pytest.mark.parametrize(("hop", "n_fft"), [(200, 800), (256, 1024)])
def test_a_frame_is_four_hops_of_the_teacher(hop, n_fft):
    sizes = student_sizes(LightConfig(), 82, hop)
    assert (sizes.mels, sizes.hop_length, sizes.n_fft) == (82, hop, n_fft)
    mel = student_mel(FrameConfig(16000, hop), sizes)
    assert (mel.n_mels, mel.hop_length, mel.n_fft, mel.sample_rate, mel.fmax) == (82, hop, n_fft, 16000, 8000)


def test_single_sizes_are_taken_and_frames_are_not():
    sizes = student_sizes(LightConfig(sizes={"dim": 96, "hop_length": 7}), 80, 200)
    assert (sizes.dim, sizes.layers, sizes.hop_length) == (96, 6, 200)


def test_wrong_sizes_are_said():
    with pytest.raises(RequestError, match="unknown size 'huge'; accepted: small, large"):
        student_sizes(LightConfig(size="huge"), 80, 200)
    with pytest.raises(ConfigError, match="width"):
        student_sizes(LightConfig(sizes={"width": 3}), 80, 200)
