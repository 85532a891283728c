"""What a voice with a light vocoder holds; see tests/train/test_light.py for a whole one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.light_voice import SIZES, make_quickly  # noqa: E402

from tingshuo.errors import OutputError, VerifyError  # noqa: E402
from tingshuo.models.vocos.net import Vocos  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.train.light_config import LightConfig, student_sizes  # noqa: E402
from tingshuo.train.light_publish import export_student, vocoder_bytes, write_light  # noqa: E402
from tingshuo.train.light_teacher import check_teacher, light_settings  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def parts(imported, speaking, monkeypatch):
    make_quickly(monkeypatch)
    torch.manual_seed(0)
    bundle = open_bundle(imported("emotivoice"))
    settings = check_teacher(bundle)
    student = export_student(Vocos(student_sizes(LightConfig(sizes=SIZES), _bands(bundle), settings.frames.hop_length)))
    return bundle, settings, student, speaking("emotivoice").graphs


def _bands(bundle):
    return bundle.manifest.graphs["vocoder"].inputs["mel"].shape[1]


def test_files_of_the_old_vocoder_are_gone_and_all_others_are_the_same(parts, tmp_path):
    bundle, settings, student, graphs = parts
    sizes = student.graph.module.config
    new = open_bundle(write_light(tmp_path / "new", bundle, light_settings(settings, sizes), student, graphs, "It has learnt."))
    changed = {name for name, entry in new.manifest.files.items() if bundle.manifest.files.get(name) != entry}
    assert changed == {
        "config.json", "MODELCARD.md", "weights/vocoder.safetensors", "graphs/onnx/fp32/vocoder.onnx", "golden/vocoder.npz",
        "golden/limits.json",
    }  # fmt: skip
    assert new.manifest.files.keys() == bundle.manifest.files.keys()
    assert all(row.ok for row in run_golden(new))
    assert new.manifest.data_statement.endswith(" It has learnt.")
    assert vocoder_bytes(bundle) > bundle.manifest.files["weights/vocoder.safetensors"].size


def test_a_graph_that_is_not_its_net_is_refused(parts, tmp_path):
    bundle, settings, student, graphs = parts
    with torch.no_grad():
        student.graph.module.head.out.bias.add_(1.0)
    with pytest.raises(VerifyError, match="differs by"):
        write_light(tmp_path / "new", bundle, light_settings(settings, student.graph.module.config), student, graphs, "")
    assert not (tmp_path / "new").exists()


def test_what_is_there_stays(parts, tmp_path):
    bundle, settings, student, graphs = parts
    (tmp_path / "new").mkdir()
    with pytest.raises(OutputError):
        write_light(tmp_path / "new", bundle, light_settings(settings, student.graph.module.config), student, graphs, "")


def test_a_student_is_what_its_net_is(parts):
    *_, student, _ = parts
    mel = np.random.default_rng(0).standard_normal((1, student.graph.module.config.mels, 9), np.float32)
    with torch.inference_mode():
        expected = student.graph.module(torch.from_numpy(mel))
    found = student.session.run({"mel": mel})
    for one, name in zip(expected, ("log_magnitude", "phase"), strict=True):
        np.testing.assert_allclose(found[name], one.numpy(), atol=1e-4)
