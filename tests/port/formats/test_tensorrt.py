import os
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
import torch

from tingshuo.errors import EngineNotInstalledError, PortError, RequestError
from tingshuo.port.formats import tensorrt
from tingshuo.port.formats.formats import export_format
from tingshuo.port.formats.tensorrt_plans import Machine
from tingshuo.port.formats.written import Settings


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card here")
def test_a_machine_without_a_card_is_told_so_and_nothing_is_written(small_bundle, tmp_path):
    with pytest.raises(EngineNotInstalledError, match=r"format tensorrt: a plan is built on the graphics card .* choose onnx"):
        export_format(small_bundle, "tensorrt", tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_a_missing_package_is_told(monkeypatch):
    def only_torch(name):
        if name == "torch":
            return SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(tensorrt, "import_module", only_torch)
    with pytest.raises(EngineNotInstalledError, match="pip install tensorrt"):
        tensorrt.check(None)


@pytest.fixture
def builds(monkeypatch, tmp_path):
    """A builder that only counts; its plans are run by nobody."""
    made = []
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tensorrt, "_machine", lambda: Machine("card", "9.0", "580", "10.9"))
    monkeypatch.setattr(tensorrt, "_build", lambda graph, *rest: made.append(graph.name) or b"plan")
    monkeypatch.setattr(tensorrt, "_runner", lambda graph, plan: None)
    return made


def test_a_plan_is_built_once_and_taken_from_the_cache_after_that(builds, graph_of, tmp_path):
    graphs = [graph_of("pitch"), graph_of("vocoder")]
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
        copies = list(tensorrt.write(graphs, tmp_path / place, Settings()))
        assert [(copy.precision, copy.files) for _, copy in copies] == [
            ("float16", ("pitch.plan",)),
            ("float16", ("vocoder.plan",)),
        ]
        assert (tmp_path / place / "pitch.plan").read_bytes() == b"plan"
    assert builds == ["pitch", "vocoder"]


def test_int8_without_sentences_is_refused(builds, graph_of, tmp_path):
    with pytest.raises(RequestError, match="give texts"):
        list(tensorrt.write([graph_of("pitch")], tmp_path, Settings(precision="int8")))
    assert builds == []


def test_int8_is_calibrated_on_what_was_spoken(builds, graph_of, tmp_path):
    seen = {"pitch": [graph_of("pitch").examples[0][0]]}
    list(tensorrt.write([graph_of("pitch")], tmp_path, Settings(precision="int8", calibration=seen)))
    assert builds == ["pitch"]


def test_a_version_that_lacks_a_precision_is_named():
    module = SimpleNamespace(__version__="11.0", BuilderFlag=SimpleNamespace())
    with pytest.raises(PortError, match=r"TensorRT 11\.0 no longer chooses float16"):
        tensorrt._set_precision(module, None, "float16")
