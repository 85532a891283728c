import pytest

pytest.importorskip("torch")

from tests.port.tiny_vocoders import HIFIGAN_TINY, write_hifigan

from tingshuo.engine.onnx import open_graph
from tingshuo.models.hifigan.config import V2
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert.hifigan import draft
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.vocoder import copy_synthesis

pytestmark = pytest.mark.train


def test_a_draft_tells_what_was_found(tmp_path):
    folder = tmp_path / "LJ"
    write_hifigan(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    made = draft(folder)
    assert (made.name, made.system, made.task, made.licence) == ("LJ", "hifigan", "vocoder", "MIT")
    assert made.source == "the HiFi-GAN vocoder g_00000010"
    assert "of its own: 20 mel bands at 16000 Hz, frames of 64 samples" in made.notes[0]
    assert "cannot be told apart" in made.notes[1]
    assert made.config.architecture["hifigan.channels"] == HIFIGAN_TINY.channels


def test_sizes_of_the_paper_are_called_by_name(tmp_path):
    told = {"n_fft": 1024, "win_size": 1024, "num_mels": 80, "sampling_rate": 22050, "fmin": 0, "fmax": 8000}
    write_hifigan(tmp_path, V2.replace(mels=80), **told)
    assert draft(tmp_path).notes[0].startswith("its sizes are the V2 of the paper: 80 mel bands at 22050 Hz")


@pytest.mark.slow
def test_a_bundle_makes_the_samples_of_the_original(golden, tmp_path):
    known = golden("hifigan_v2")
    write_draft(draft(known.files), tmp_path / "v2")
    bundle = open_bundle(tmp_path / "v2", verify=True)
    session = open_graph(bundle.graph("vocoder"), bundle.tensors("weights/vocoder.safetensors"))
    mel = known.arrays["smooth.in.mel"]
    known.check("smooth.wav", copy_synthesis(session, bundle.settings, mel, mel[0]))
