"""Names of tensors on small pieces of graphs; whole voices are in `test_piper`."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.piper_graph import read_graph, recover, with_noise_given  # noqa: E402

pytestmark = pytest.mark.train


def model_of(nodes, *, inputs=("input", "input_lengths", "scales"), outputs=("output",), **initializers):
    values = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in initializers.items()]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inputs]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    return helper.make_model(helper.make_graph(nodes, "g", given, made, values), opset_imports=[helper.make_opsetid("", 15)])


def conv(weight, bias=None, name="", kind="Conv", **attributes):
    return helper.make_node(kind, ["input", weight, *([bias] if bias else [])], [f"y{weight}{name}"], name, **attributes)


WEIGHT = np.arange(12).reshape(2, 2, 3)


def test_a_layer_is_told_by_its_weight_its_bias_or_its_node():
    found = recover(
        model_of(
            [conv("dec.conv_pre.weight"), conv("onnx::Conv_7", "dp.pre.bias"), conv("9", "10", "/flow/flows.0/post/Conv")],
            **{"dec.conv_pre.weight": WEIGHT, "onnx::Conv_7": WEIGHT + 1, "dp.pre.bias": [1, 2], "9": WEIGHT + 2, "10": [3, 4]},
        )
    )
    assert {name: tensor.flat[0] for name, tensor in found.tensors.items()} == {
        "dec.conv_pre.weight": 0, "dp.pre.weight": 1, "dp.pre.bias": 1, "flow.flows.0.post.weight": 2,
        "flow.flows.0.post.bias": 3,
    }  # fmt: skip


def test_a_norm_that_was_not_folded_is_folded_now():
    nodes = [
        helper.make_node("ReduceL2", ["v"], ["length"], axes=[1, 2], keepdims=1),
        helper.make_node("Div", ["g", "length"], ["gain"]),
        helper.make_node("Mul", ["v", "gain"], ["w"]),
        conv("w", "dec.ups.0.bias", kind="ConvTranspose", strides=[4]),
    ]
    direction, length = WEIGHT + 1.0, np.array([2.0, 3.0])[:, None, None]
    found = recover(model_of(nodes, v=direction, g=length, **{"dec.ups.0.bias": [1, 2]}))
    norm = np.sqrt((direction**2).sum((1, 2), keepdims=True))
    np.testing.assert_allclose(found.tensors["dec.ups.0.weight"], direction * length / norm, rtol=1e-6)
    assert found.rates == {"upsample_rates": [4], "block_dilations": []}


@pytest.mark.parametrize("folded", [True, False])
def test_the_deviation_of_the_durations_is_turned_back(folded):
    nodes = [helper.make_node("Sub", ["input", "dp.flows.0.m"], ["s"]), helper.make_node("Mul", ["s", "scale"], ["output"])]
    logs = np.array([[0.3], [-0.2]])
    if not folded:
        nodes = [helper.make_node("Neg", ["l"], ["n"]), helper.make_node("Exp", ["n"], ["scale"]), *nodes]
    given = {"scale": np.exp(-logs)} if folded else {"l": logs}
    found = recover(model_of(nodes, **{"dp.flows.0.m": [[1], [2]], **given}))
    np.testing.assert_allclose(found.tensors["dp.flows.0.logs"], logs, rtol=1e-5)


def test_equal_tensors_that_are_kept_once_have_all_their_names():
    node = helper.make_node("Identity", ["enc_p.encoder.norm_layers_1.0.gamma"], ["dp.convs.norms_1.0.gamma"])
    found = recover(model_of([node], **{"enc_p.encoder.norm_layers_1.0.gamma": [1, 1]}))
    assert sorted(found.tensors) == ["dp.convs.norms_1.0.gamma", "enc_p.encoder.norm_layers_1.0.gamma"]


def test_dilations_are_those_of_the_operators():
    nodes, given = [], {}
    for block in range(4):
        for layer, dilation in enumerate((1, 2 + block % 2)):
            name = f"dec.resblocks.{block}.convs.{layer}.weight"
            given[name] = WEIGHT + block + layer
            nodes.append(conv(name, dilations=[dilation]))
    for stage in range(2):
        given[f"dec.ups.{stage}.weight"] = WEIGHT - stage
        nodes.append(conv(f"dec.ups.{stage}.weight", kind="ConvTranspose", strides=[8 - stage]))
    assert recover(model_of(nodes, **given)).rates == {"upsample_rates": [8, 7], "block_dilations": [[1, 2], [1, 3]]}
    nodes[-3].attribute[0].ints[0] = 9
    with pytest.raises(PortError, match="the residual blocks of its stages are not alike"):
        recover(model_of(nodes, **given))


@pytest.mark.parametrize(
    ("nodes", "given", "message"),
    [
        ([conv("1")], {"1": WEIGHT}, "of Conv cannot be told which layer it is"),
        ([conv("input")], {}, "the weight of Conv is not fixed"),
        (
            [conv("a", "dp.pre.bias"), conv("b", "dp.pre.bias")],
            {"a": WEIGHT, "b": WEIGHT, "dp.pre.bias": [1, 2]},
            "is there twice",
        ),
        ([], {"style": WEIGHT}, "1 of its tensors have no place in the net: style"),
        ([], {"enc_p.emb.weight": [[np.nan, 1]]}, "its enc_p.emb.weight is not finite"),
    ],
)
def test_what_is_not_known_is_said(nodes, given, message):
    with pytest.raises(PortError, match=message):
        recover(model_of(nodes, **given))


def test_single_numbers_are_constants_of_formulas():
    assert recover(model_of([], epsilon=[1e-5])).tensors == {}


def test_files_that_are_no_voice_are_named(tmp_path):
    external = model_of([], **{"enc_p.emb.weight": [[1, 2]]})
    external.graph.initializer[0].data_location = TensorProto.EXTERNAL
    files = {
        "takes ids; a voice of Piper takes input, input_lengths, scales and sid": model_of([], inputs=("ids",)),
        "is one half of an export in two parts": model_of([], outputs=("z", "y_mask", "dec_args")),
        "keeps its weights in a file of their own": external,
    }
    for message, model in files.items():
        (tmp_path / "voice.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(PortError, match=message):
            read_graph(tmp_path / "voice.onnx")
    others = {
        b"version https://git-lfs.github.com/spec/v1": "is a pointer of Git LFS and not the voice itself",
        b"<html>": "is damaged, it cannot be read as a graph",
    }
    for data, message in others.items():
        (tmp_path / "voice.onnx").write_bytes(data)
        with pytest.raises(PortError, match=message):
            read_graph(tmp_path / "voice.onnx")


def test_draws_become_inputs():
    nodes = [helper.make_node("RandomNormalLike", ["input"], ["drawn"]), helper.make_node("Neg", ["drawn"], ["output"])]
    model = model_of(nodes)
    data, names = with_noise_given(model)
    given = onnx.load_from_string(data)
    assert names == ("drawn",)
    assert [value.name for value in given.graph.input][3:] == ["drawn"]
    assert [node.op_type for node in given.graph.node] == ["Neg"]
    assert len(model.graph.node) == 2
