"""A graph of one voice serves another of the same sizes, and only such a one."""

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.fastspeech.net import FastSpeech  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.port import variants  # noqa: E402
from tingshuo.port.export import half_tensors  # noqa: E402
from tingshuo.port.nets import VoiceNets  # noqa: E402
from tingshuo.port.optimize import optimize  # noqa: E402
from tingshuo.port.quantize import observe, quantize  # noqa: E402
from tingshuo.port.reuse import fits, known_graphs  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402
from tingshuo.port.voice import voice_graphs  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def others(tiny):
    """Nets of the same sizes with other weights, their graphs and tensors."""
    torch.manual_seed(5)
    nets = VoiceNets(FastSpeech(tiny[1].acoustic.config).eval(), SourceFilter(tiny[1].vocoder.config).eval())
    return nets, voice_graphs(nets), half_tensors(nets.acoustic) | half_tensors(nets.vocoder)


@pytest.fixture(scope="module")
def fast(exported):
    return {name: optimize(model) for name, model in exported.items()}


@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_it_fits_other_weights_of_the_same_sizes(name, others, fast):
    _, graphs, tensors = others
    assert fits(fast[name], graphs[name], tensors)


def test_it_fits_no_other_structure(others, fast, tiny):
    _, graphs, tensors = others
    assert not fits(fast["decoder"], graphs["pitch"], tensors)
    wider = SourceFilter(tiny[1].vocoder.config.replace(hidden=32)).eval()
    nets = VoiceNets(others[0].acoustic, wider)
    assert not fits(fast["vocoder"], voice_graphs(nets)["vocoder"], half_tensors(nets.acoustic) | half_tensors(wider))


def test_a_graph_that_computes_something_else_does_not_fit(others, fast):
    _, graphs, tensors = others
    wrong = onnx.ModelProto()
    wrong.CopyFrom(fast["decoder"])
    gelu = next(node for node in wrong.graph.node if node.op_type == "Gelu")
    gelu.op_type = "Relu"
    del gelu.attribute[:]
    assert not fits(wrong, graphs["decoder"], tensors)


@pytest.mark.parametrize("name", ["encoder", "decoder", "vocoder"])
def test_int8_of_a_graph_that_is_fast_already_is_that_of_the_exported_one(name, exported, fast, tensors, inputs):
    results = []
    for model in (exported[name], fast[name]):
        small = quantize(model, tensors, observe(model, tensors, [inputs[name]]))
        assert any(node.op_type == "QGemm" for node in small.graph.node)
        assert not any(node.op_type in ("Gemm", "MatMul") and ".weight" in node.input[1] for node in small.graph.node)
        results.append(open_model(small, tensors).run(inputs[name]))
    for key, value in results[0].items():
        np.testing.assert_array_equal(value, results[1][key])


def test_nothing_is_exported_that_is_known(others, tiny, fast, monkeypatch):
    made = []
    monkeypatch.setattr(variants, "export_graph", made.append)
    built = variants.build_variants(tiny[0], others[0], ["今天天气很好。"], ["你吃饭了吗？"], "你好。", fast)
    assert made == []
    assert built.models["fp32"] == fast


def test_the_graphs_of_a_bundle_hold_no_weights():
    found = known_graphs(open_bundle(find_voice("default")))
    assert found.keys() == {"encoder", "pitch", "decoder", "vocoder"}
    assert all(model.ByteSize() < 1 << 20 for model in found.values())
