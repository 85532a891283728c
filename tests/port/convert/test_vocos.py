import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from tests.port.tiny_vocoders import CODES_TINY, MEL_TINY, write_code_vocos, write_vocoder, write_vocos

from tingshuo.audio.mel import log_mel
from tingshuo.engine.onnx import open_graph
from tingshuo.errors import PortError
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert.vocos import draft
from tingshuo.port.swap import check_fit
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.codec import open_decoder
from tingshuo.tasks.golden import run_golden
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.tasks.voices import find_voice

pytestmark = pytest.mark.train


def test_a_draft_tells_what_was_found(tmp_path):
    folder = tmp_path / "vocos-16khz"
    write_vocos(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    made = draft(folder)
    assert (made.name, made.system, made.task, made.licence) == ("vocos-16khz", "vocos", "vocoder", "MIT")
    assert made.source == "the Vocos vocoder model.safetensors"
    assert made.config.mel == MEL_TINY
    assert made.config.architecture["vocos.layers"] == 2
    assert made.notes == ()


def overlapped(log_magnitude, phase, n_fft, hop):
    """Invert a transform whose frames are hops, written out."""
    spectra = np.minimum(np.exp(log_magnitude.astype(np.float64)), 100) * np.exp(1j * phase.astype(np.float64))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    wav, weight = (np.zeros((len(spectra) - 1) * hop + n_fft) for _ in range(2))
    for frame, part in enumerate(np.fft.irfft(spectra, n_fft) * window):
        wav[frame * hop : frame * hop + n_fft] += part
        weight[frame * hop : frame * hop + n_fft] += window**2
    edge = (n_fft - hop) // 2
    return wav[edge:-edge] / weight[edge:-edge]


@pytest.mark.usefixtures("in_process")
@torch.inference_mode()
def test_one_of_codes_decodes_them_and_goes_under_no_voice(tmp_path):
    net = write_code_vocos(tmp_path / "vocos-encodec")
    made = draft(tmp_path / "vocos-encodec")
    assert (made.name, made.system, made.task, made.config.family) == ("vocos-encodec", "vocos", "vocoder", "codec+vocos")
    assert (made.config.codebooks, made.config.codebook_size, made.config.frames.hop_length) == (16, 1024, 320)
    assert "it reads codes of encodec_24khz and no mel" in made.notes[0]
    assert "was not proved against the original" in made.notes[1]
    path = write_vocoder(made, tmp_path / "bundle")
    bundle = open_bundle(path, verify=True)
    assert all(row.ok for row in run_golden(bundle))
    codes = np.random.default_rng(0).integers(0, 1024, (8, 30))
    transform = (one[0].numpy() for one in net(torch.from_numpy(codes)[None], torch.tensor([2])))
    expected = np.clip(overlapped(*transform, CODES_TINY.n_fft, CODES_TINY.hop_length), -1, 1)
    wav = open_decoder(path).decode(codes)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(wav, expected, atol=1e-4 * np.abs(expected).max())
    with pytest.raises(PortError, match="reads codes of encodec_24khz and no mel, and acoustic models make mels"):
        check_fit(open_bundle(find_voice("default")), bundle)


@pytest.mark.slow
def test_a_bundle_makes_the_samples_of_the_original(golden, tmp_path):
    known = golden("vocos_mel_24khz")
    write_draft(draft(known.files), tmp_path / "vocos")
    bundle = open_bundle(tmp_path / "vocos", verify=True)
    session = open_graph(bundle.graph("vocoder"), bundle.tensors("weights/vocoder.safetensors"))
    for case, mel in (
        ("copy", log_mel(known.arrays["copy.in.audio"], bundle.settings.mel)),
        ("decode", known.arrays["decode.in.features"]),
    ):
        known.check(f"{case}.audio", copy_synthesis(session, bundle.settings, mel, mel[0]))
