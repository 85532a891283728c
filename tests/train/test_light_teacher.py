"""Whose vocoder may be replaced, by what, and what it costs; see tests/train/test_light.py for what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config import FrameConfig, MelConfig  # noqa: E402
from tingshuo.models.vocos.config import SMALL, VocosConfig  # noqa: E402
from tingshuo.models.vocos.graphs import graphs  # noqa: E402
from tingshuo.models.vocos.net import KERNEL, Vocos  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train.light_teacher import check_teacher, cost, frames_of, light_settings, log_mel_distance, teacher_cost  # noqa: E402

pytestmark = pytest.mark.train


def test_every_other_net_stays_in_the_config(imported):
    old = check_teacher(open_bundle(imported("emotivoice")))
    new = light_settings(old, SMALL)
    kinds = [{key.partition(".")[0] for key in one.architecture} for one in (old, new)]
    assert kinds == [{"emotivoice", "hifigan", "bert"}, {"emotivoice", "vocos", "bert"}]
    assert (new.family, new.vocoder_context_frames) == ("emotivoice+vocos", 7 * (KERNEL // 2))


def test_a_light_sambert_has_no_source_and_looks_both_ways(imported):
    old = check_teacher(open_bundle(imported("sambert_bytes")))
    new = light_settings(old, SMALL)
    assert old.harmonics > 0 == new.harmonics
    assert (new.family, new.vocoder_context_frames) == ("sambert+vocos", (21, 21))


@pytest.mark.parametrize("name", ["emotivoice", "sambert", "sambert_bytes"])
def test_the_cost_of_a_teacher_is_counted_without_its_numbers(imported, name):
    bundle = open_bundle(imported(name))
    found = teacher_cost(bundle, check_teacher(bundle))
    assert found.parameters == sum(tensor.size for tensor in bundle.tensors("weights/vocoder.safetensors").values())
    assert found.macs_per_s > found.parameters


def test_the_cost_of_our_own_vocoder_is_known_too():
    bundle = open_bundle(find_voice("default"))
    settings = check_teacher(bundle)
    assert frames_of(settings) == FrameConfig(24000, 256)
    assert 0.05e9 < teacher_cost(bundle, settings).macs_per_s < 0.5e9
    assert light_settings(settings, SMALL).family == "fastspeech+vocos"


def test_a_frame_of_the_student_is_counted_by_hand():
    sizes = VocosConfig(mels=5, n_fft=16, hop_length=4, dim=6, hidden=8, layers=1)
    a_frame = 5 * 7 * 6 + (7 * 6 + 2 * 6 * 8) + 6 * 18
    assert cost(graphs(Vocos(sizes))[0], FrameConfig(100, 4)).macs_per_s == pytest.approx(25 * a_frame)


def test_distances_are_of_frames_that_sound():
    mel = MelConfig(sample_rate=16000, hop_length=200, n_mels=80, fmax=8000.0)
    rng = np.random.default_rng(0)
    wav = np.concatenate([0.1 * rng.standard_normal(8000), np.zeros(8000)]).astype(np.float32)
    assert not log_mel_distance(wav, wav, mel).any()
    louder = log_mel_distance(2 * wav, wav, mel)
    assert len(louder) < 60
    assert np.median(louder) == pytest.approx(np.log(2), abs=0.02)
    assert len(log_mel_distance(wav[8000:], wav[8000:], mel)) < 20
