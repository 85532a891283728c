"""A vocoder alone, from its files to samples."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.tiny_vocoders import MEL_100, vocoder_bundle, write_hifigan, write_vocos  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.audio.mel import log_mel  # noqa: E402
from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.engine.onnx import open_graph  # noqa: E402
from tingshuo.errors import BundleError, PortError  # noqa: E402
from tingshuo.port.convert import hifigan, vocos  # noqa: E402
from tingshuo.port.convert.rehearsal import COPIED_S, speech_features  # noqa: E402
from tingshuo.port.convert.vocoder import NO_LANGUAGE  # noqa: E402
from tingshuo.port.families import build_nets, fill  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.vocoder import copy_synthesis  # noqa: E402

pytestmark = pytest.mark.train
MELS = {"hifigan": MEL_100, "vocos": MelConfig()}


@pytest.fixture(params=MELS)
def made(request, tmp_path_factory):
    """The kind of a vocoder and its bundle, opened."""
    return request.param, open_bundle(vocoder_bundle(request.param, tmp_path_factory), verify=True)


def test_a_bundle_of_a_vocoder_says_what_it_reads(made):
    kind, bundle = made
    manifest = bundle.manifest
    assert (manifest.task, manifest.family, manifest.name) == ("vocoder", f"vocoder+{kind}", f"tiny-{kind}")
    assert (manifest.languages, manifest.speakers, manifest.sample_rate) == ((NO_LANGUAGE,), (), 24000)
    assert bundle.settings.mel == MELS[kind]
    assert verify_bundle(bundle.path).ok
    assert [one.work for one in manifest.attributions] == [{"hifigan": "HiFi-GAN", "vocos": "Vocos"}[kind]]


def test_its_golden_vectors_are_speech_and_pass(made):
    _, bundle = made
    with np.load(bundle.file("golden/vocoder.npz")) as stored:
        mel = stored["input/mel"]
    expected, _ = speech_features(bundle.settings.mel)
    np.testing.assert_array_equal(mel[0], expected)
    assert mel.std() > 1
    assert json.loads(bundle.file("golden/limits.json").read_text("utf-8"))["fp32"]
    assert all(row.ok for row in run_golden(bundle))


@torch.inference_mode()
def test_the_samples_of_the_bundle_are_those_of_the_net(made):
    kind, bundle = made
    tensors = bundle.tensors("weights/vocoder.safetensors")
    session = open_graph(bundle.graph("vocoder"), tensors)
    mel = np.random.default_rng(0).standard_normal((100, 21), np.float32) - 4
    wav = copy_synthesis(session, bundle.settings, mel, np.zeros(21, np.float32))
    (built,) = build_nets(bundle.settings.architecture)
    net = fill(built, {name: np.array(tensor) for name, tensor in tensors.items()}).net
    expected = (net if kind == "hifigan" else net.synthesize)(torch.from_numpy(mel)[None])[0].numpy()
    assert len(wav) == {"hifigan": 21, "vocos": 20}[kind] * 256
    np.testing.assert_allclose(wav, expected, atol=1e-4 * np.abs(expected).max())


def test_it_is_no_voice(made):
    _, bundle = made
    with pytest.raises(BundleError, match=r"is not a voice that speaks: its task is vocoder"):
        tingshuo.load(bundle.path)


@pytest.mark.parametrize("mel", [MEL_100, MelConfig(sample_rate=16000, n_fft=512, hop_length=160, win_length=512, fmax=8000.0)])
def test_speech_is_cut_as_the_mel_wants_it(mel):
    features, f0 = speech_features(mel)
    frames = round(COPIED_S * mel.sample_rate) // mel.hop_length + (mel.framing == "center")
    assert features.shape == (100, frames)
    assert f0.shape == (frames,)
    assert 100 < np.median(f0[f0 > 0]) < 400
    silence = log_mel(np.zeros(mel.sample_rate, np.float32), mel)
    assert features.mean() > silence.mean() + 1


@pytest.mark.parametrize(("draft", "write"), [(hifigan.draft, write_hifigan), (vocos.draft, write_vocos)])
def test_there_are_no_voices_to_choose_from(tmp_path, draft, write):
    write(tmp_path)
    with pytest.raises(PortError, match="holds a vocoder and no voice 'anna'; leave --voice out"):
        draft(tmp_path, "anna")
