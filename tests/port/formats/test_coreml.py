import pytest

pytest.importorskip("torch")
from dataclasses import replace

from tingshuo.errors import PortError
from tingshuo.port.formats import coreml
from tingshuo.port.formats.written import Settings
from tingshuo.types import GraphSpec


@pytest.mark.filterwarnings("ignore")  # coremltools warns of every torch that is newer than itself
def test_a_package_states_inputs_shapes_and_whose_it_is(graph_of, tmp_path):
    pytest.importorskip("coremltools", reason="the coreml extra is not installed")
    settings = Settings({"name": "small", "version": "1.0.0", "licence": "CC-BY-SA-4.0", "notice": "人工智能"})
    ((_, copy),) = coreml.write([graph_of("pitch")], tmp_path, settings)
    assert (copy.files, copy.run) == (("pitch.mlpackage",), None), "it is run on a Mac alone"
    models = coreml._import_quietly().models
    spec = models.utils.load_spec(str(tmp_path / "pitch.mlpackage"))
    frames = next(value for value in spec.description.input if value.name == "frames").type.multiArrayType
    assert [(size.lowerBound, size.upperBound) for size in frames.shapeRange.sizeRanges] == [(1, 1), (1, 4096), (16, 16)]
    assert [value.name for value in spec.description.output] == ["pitch"]
    assert spec.description.metadata.license == "CC-BY-SA-4.0"
    assert spec.description.metadata.userDefined["notice"] == "人工智能"


def test_a_type_that_core_ml_lacks_is_named(graph_of):
    graph = replace(graph_of("pitch"), spec=GraphSpec({"x": ("float64", (1,))}, {}))
    with pytest.raises(PortError, match="format coreml: graph 'pitch' cannot be written, it has no input of type float64"):
        coreml._convert(None, graph, "float32")
