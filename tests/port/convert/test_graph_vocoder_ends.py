"""What a contract tells of a vocoder is what its graph is given, and what it does not fit is told."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
from onnx import TensorProto, helper
from tests.port.tiny_graphs import BANDS, BINS, HOP, MEL, transform_graph, vocoder_graph

from tingshuo.errors import ConfigError
from tingshuo.port.convert.graph_vocoder_ends import with_our_ends
from tingshuo.port.importers.contract import check
from tingshuo.port.importers.onnx_files import open_whole
from tingshuo.port.importers.vocoder_contract import VocoderContract

SPEC = np.random.default_rng(1).normal(-4, 2, (1, BANDS, 11)).astype(np.float32)
EXPECTED = open_whole(vocoder_graph(), "g").run({"spec": SPEC})["audio"][:, 0]


def ours(model: Any, **told: Any) -> Any:
    contract = check(VocoderContract, {"mel": MEL, **told}, "c")
    return open_whole(with_our_ends(model, contract, contract.mel.config("c"), "c"), "g")


@pytest.mark.parametrize("layout", ["bmf", "bfm", "mf", "b1fm"])
def test_layouts_are_seen_by_the_number_of_bands(layout: str) -> None:
    np.testing.assert_array_equal(ours(vocoder_graph(layout)).run({"mel": SPEC})["wav"], EXPECTED)


def test_names_that_are_told() -> None:
    told = {"inputs": {"mel": "spec"}, "outputs": {"wav": "audio"}, "layout": "bmf"}
    np.testing.assert_array_equal(ours(vocoder_graph(), **told).run({"mel": SPEC})["wav"], EXPECTED)


def test_logarithm_mean_deviation_and_full_scale() -> None:
    mean, deviation = np.linspace(-2, 0, BANDS), np.linspace(0.5, 2, BANDS)
    given = ((SPEC / np.log(10) - mean[:, None]) / deviation[:, None]).astype(np.float32)
    expected = open_whole(vocoder_graph(), "g").run({"spec": given})["audio"][:, 0] / 32768
    graph = ours(vocoder_graph(), log=10, mean=mean.tolist(), deviation=deviation.tolist(), full_scale=32768)
    np.testing.assert_allclose(graph.run({"mel": SPEC})["wav"], expected, atol=1e-9)


def test_fixed_values_and_pitch() -> None:
    graph = ours(vocoder_graph(scale=True), inputs={"mel": "spec"}, values={"scale": 0.5})
    np.testing.assert_allclose(graph.run({"mel": SPEC})["wav"], EXPECTED / 2, rtol=1e-6)
    graph = ours(vocoder_graph(f0="pitches"), inputs={"mel": "spec", "f0": "pitches"})
    f0 = np.full((1, 11), 150, np.float32)
    theirs = open_whole(vocoder_graph(f0="pitches"), "g").run({"spec": SPEC, "pitches": f0})["audio"][:, 0]
    np.testing.assert_array_equal(graph.run({"mel": SPEC, "f0": f0})["wav"], theirs)


def test_samples_from_centre_to_centre_get_half_a_frame_at_either_end() -> None:
    centred = {**MEL, "framing": "center"}
    cut = ours(vocoder_graph(centred=True), mel=centred).run({"mel": SPEC})["wav"]
    assert cut.shape == (1, 11 * HOP)
    np.testing.assert_array_equal(cut[:, HOP // 2 : -HOP // 2], EXPECTED[:, HOP // 2 : -HOP // 2])
    assert not cut[:, : HOP // 2].any()
    np.testing.assert_array_equal(ours(vocoder_graph(), mel=centred).run({"mel": SPEC})["wav"], EXPECTED)  # as it is


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize(
    "outputs", [("log_magnitude", "phase"), ("magnitude", "phase"), ("log_magnitude", "cos", "sin"), ("magnitude", "cos", "sin")]
)
def test_transforms(outputs: tuple[str, ...], turned: bool) -> None:
    plain = open_whole(transform_graph(("log_magnitude", "phase")), "g").run({"spec": SPEC})
    graph = ours(transform_graph(outputs, turned=turned), outputs={name: f"their_{name}" for name in outputs})
    made = graph.run({"mel": SPEC})
    assert graph.spec.outputs.keys() == {"log_magnitude", "phase"}
    assert made["phase"].shape == (1, 11, BINS)
    np.testing.assert_allclose(made["log_magnitude"], plain["their_log_magnitude"].transpose(0, 2, 1), atol=1e-5)
    turns = (made["phase"] - plain["their_phase"].transpose(0, 2, 1)) / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-6)


def test_every_angle() -> None:
    """Also where cosine or sine are nothing."""
    angles = np.array([0, 0.5, 1, 1.5, 1.9, -0.5, -1, -1.9, 2], np.float64) * np.pi / 2
    contract = check(VocoderContract, {"mel": MEL, "outputs": {"magnitude": "m", "cos": "c", "sin": "s"}}, "c")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "F", BINS]) for name in "mcs"]
    nodes = [helper.make_node("Slice", ["x", f"{n}0", f"{n}1", "axis"], [n]) for n in "mcs"]
    starts = {f"{n}{end}": np.array([(k + end) * BINS], np.int64) for k, n in enumerate("mcs") for end in (0, 1)} | {
        "axis": np.array([2], np.int64)
    }
    weights = [helper.make_tensor(name, TensorProto.INT64, [1], array) for name, array in starts.items()]
    mel = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "F", 3 * BINS])
    model = helper.make_model(
        helper.make_graph(nodes, "g", [mel], values, weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    wide = check(
        VocoderContract,
        {"mel": {**MEL, "n_mels": 3 * BINS}, "outputs": {"magnitude": "m", "cos": "c", "sin": "s"}, "layout": "bfm"},
        "c",
    )
    graph = open_whole(with_our_ends(model, wide, contract.mel.config("c").replace(n_mels=3 * BINS), "c"), "g")
    row = np.zeros((3, BINS), np.float32)
    row[1, : len(angles)], row[2, : len(angles)] = np.cos(angles), np.sin(angles)
    made = graph.run({"mel": row.reshape(1, -1, 1)})
    np.testing.assert_allclose(made["phase"][0, 0, : len(angles) - 1], angles[:-1], atol=1e-6)
    assert abs(made["phase"][0, 0, len(angles) - 1]) == pytest.approx(np.pi, abs=1e-6)  # either way round
    assert np.isfinite(made["phase"]).all()
    assert np.isfinite(made["log_magnitude"]).all()


@pytest.mark.parametrize(
    ("model", "told", "message"),
    [
        ({}, {"mel": {**MEL, "n_mels": 80}, "layout": "bmf"}, "mel: has 80 bands, and the graph's 'spec' has 20"),
        ({}, {"mel": {**MEL, "n_mels": 80}}, r"layout: the graph does not show how a mel lies in spec \[1, 20, F\]"),
        ({}, {"layout": "mf"}, "layout: mf has 2 axes, and 'spec' has 3"),
        ({}, {"layout": "fmb"}, "layout: 'fmb' is none of them; accepted: bmf, bfm"),
        ({"frames": 64}, {}, "the graph's 'spec' always has 64 frames, and speech has any number"),
        ({}, {"inputs": {"mel": "mle"}}, "inputs: the graph has no input 'mle'; it has: spec"),
        ({}, {"outputs": {"wav": "x"}}, "outputs: the graph has no output 'x'; it has: audio"),
        ({}, {"outputs": {"phase": "audio"}}, "outputs: names phase; a vocoder makes one of these: wav; log_magnitude, phase"),
        ({}, {"values": {"scale": 1}}, "values: the graph has no input 'scale'; it has: spec"),
        ({"scale": True}, {}, r"does not say which one is the mel; the graph has inputs spec float32 \[1, 20, F\], scale"),
        ({"dtype": TensorProto.INT64}, {}, "inputs: 'spec' is int64, and a mel has fractions"),
        ({}, {"mean": [1, 2]}, "mean: must be one number or 20 of them; it has 2"),
        ({}, {"deviation": 0}, "deviation: must be one number or 20 of them, above 0; it has 1"),
        ({}, {"log": 10, "mel": {**MEL, "levels_db": [-80, 20]}}, "log: a mel in levels_db has no other logarithm"),
        ({"f0": "p"}, {"inputs": {"mel": "spec", "f0": "audio"}}, "inputs: the graph has no input 'audio'"),
    ],
)  # fmt: skip
def test_what_does_not_fit(model: dict[str, Any], told: dict[str, Any], message: str) -> None:
    whole = model.get("dtype") == TensorProto.INT64
    made = vocoder_graph(**({} if whole else model))
    if whole:
        made.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
        made.graph.node[0].input[0] = "as_float"
        made.graph.node.insert(0, helper.make_node("Cast", ["spec"], ["as_float"], to=TensorProto.FLOAT))
    with pytest.raises(ConfigError, match=message):
        ours(made, **told)
