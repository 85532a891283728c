import pytest

pytest.importorskip("torch")

from tests.port.tiny_vocoders import MEL_TINY, write_vocos

from tingshuo.audio.mel import log_mel
from tingshuo.engine.onnx import open_graph
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert.vocos import draft
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.vocoder import copy_synthesis

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
