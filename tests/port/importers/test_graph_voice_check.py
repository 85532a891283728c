"""A contract that is not that of its graph is refused in one sentence that says what the graph has."""

from typing import Any

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tingshuo.config.graph_voice import InputsConfig, OutputsConfig, VocoderRoles  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.graph_voice_check import check_acoustic, check_bands, check_ids, check_vocoder, inputs_of  # noqa: E402

pytestmark = pytest.mark.train
INT, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def model_of(inputs: dict[str, Any], outputs: dict[str, Any], *nodes: Any, **weights: Any) -> Any:
    values = [[helper.make_tensor_value_info(name, *kind) for name, kind in side.items()] for side in (inputs, outputs)]
    held = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    return helper.make_model(helper.make_graph(list(nodes), "g", *values, held))


VOICE = {"x": (INT, ["N", "L"]), "n": (INT, ["N"]), "s": (FLOAT, [3]), "sid": (INT, [1])}
MODEL = model_of(VOICE, {"y": (FLOAT, ["N", 1, "T"]), "m": (FLOAT, ["N", 80, "F"])})
INPUTS = {"symbols": "x", "lengths": "n", "scales": "s", "speaker": "sid"}


def check(inputs: dict[str, Any], outputs: dict[str, Any] | None = None, model: Any = MODEL) -> None:
    said = InputsConfig.check(inputs, "contract"), OutputsConfig.check(outputs or {"wav": "y"}, "contract")
    check_acoustic(model, *said, "v.onnx")


def test_a_contract_that_fits_is_accepted():
    check(INPUTS)
    check(INPUTS, {"mel": "m"})
    check({**{k: v for k, v in INPUTS.items() if k != "speaker"}, "fixed": {"sid": 3}})


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (
            {"symbols": "tokens"},
            None,
            r"v\.onnx: the graph has no input 'tokens' for symbols; it has x: int64 \(N, L\), n: int64",
        ),
        (
            {"speaker": ""},
            None,
            r"its input 'sid', int64 \(1\), has no part; name it under inputs as one of symbols, lengths, .*fixed",
        ),
        (
            {"lengths": "s", "scales": ""},
            None,
            r"its input 's' is float32 \(3\), and lengths has to be int64 or int32 with 0 or 1",
        ),
        ({"speaker": "s", "scales": ""}, None, "a graph that takes a vector of a speaker cannot be used"),
        ({"fixed": {"k": 1.0}}, None, "the graph has no input 'k' to be fixed"),
        ({"scales_order": ["noise", "length"]}, None, "its input 's' holds 3 numbers, scales_order names 2"),
        ({"noise": "n"}, None, "noise has to be float32"),
        (
            {},
            {"wav": "y", "mel": "m"},
            r"outputs has to name either wav or mel; the graph gives y: float32 \(N, 1, T\), m: float32",
        ),
        ({}, {"durations": "y"}, "outputs has to name either wav or mel"),
        ({}, {"wav": "z"}, "the graph has no output 'z' for wav"),
        ({}, {"wav": "y", "durations": "w"}, "the graph has no output 'w' for durations"),
    ],
)
def test_what_does_not_fit_is_said(inputs: dict[str, Any], outputs: dict[str, Any] | None, message: str):
    with pytest.raises(PortError, match=message):
        check({**INPUTS, **inputs}, outputs)


def test_a_scale_is_told_once():
    model = model_of({"x": (INT, ["N", "L"]), "s": (FLOAT, [3]), "a": (FLOAT, [1])}, {"y": (FLOAT, ["T"])})
    with pytest.raises(PortError, match="noise is an input of its own and in scales_order too"):
        check({"symbols": "x", "scales": "s", "noise": "a"}, model=model)


def test_an_input_without_a_shape_cannot_be_given():
    model = model_of({"x": (INT, None)}, {"y": (FLOAT, None)})
    with pytest.raises(
        PortError, match="its input 'x' has no shape, so it is not known how to give symbols; export it with shapes"
    ):
        check({"symbols": "x"}, model=model)


def test_weights_that_old_files_list_are_no_inputs():
    import numpy as np

    model = model_of({**VOICE, "w": (FLOAT, [1])}, {"y": (FLOAT, ["T"])}, w=np.zeros(1, np.float32))
    assert list(inputs_of(model)) == list(VOICE)


SAMPLES = model_of({"mel": (FLOAT, ["N", 80, "F"])}, {"a": (FLOAT, ["N", "T"])})
BINS = model_of({"mel": (FLOAT, ["N", 100, "F"])}, {name: (FLOAT, ["N", 9, "F"]) for name in "mcs"})
TRANSFORM = {"mel": "mel", "magnitude": "m", "cos": "c", "sin": "s", "n_fft": 16, "hop_length": 4}


@pytest.mark.parametrize(
    ("model", "roles", "message"),
    [
        (SAMPLES, {"mel": "x", "wav": "a"}, r"the graph has no input 'x' for mel; it has mel: float32 \(N, 80, F\)"),
        (SAMPLES, {"mel": "mel"}, r"its outputs have to be either wav, or magnitude, cos and sin; the graph gives a: float32"),
        (MODEL, {"mel": "x", "wav": "y"}, r"its input 'x' is int64 \(N, L\), and mel has to be float32"),
        (BINS, {**TRANSFORM, "sin": ""}, "a transform is magnitude, cos and sin, and sin is not named"),
        (BINS, {**TRANSFORM, "hop_length": 5}, "a transform of 16 samples every 5 cannot be inverted here: n_fft has to be"),
        (BINS, {**TRANSFORM, "hop_length": 8}, "at least four times as much"),
        (BINS, {**TRANSFORM, "hop_length": 0}, "cannot be inverted here"),
        (BINS, {**TRANSFORM, "n_fft": 32, "hop_length": 8}, "its transform has 9 bins, and one of 32 samples has 17"),
        (BINS, {**TRANSFORM, "cos": "k"}, "the graph has no output 'k' for cos"),
        (model_of({"mel": (FLOAT, [1, 80, "F"]), "f0": (FLOAT, [1, "F"])}, {"a": (FLOAT, ["T"])}), {"mel": "mel", "wav": "a"},
         r"a vocoder takes a mel alone, and this one takes mel: .*, f0: float32 \(1, F\)"),
    ],
)  # fmt: skip
def test_what_is_no_vocoder_is_said(model: Any, roles: dict[str, Any], message: str):
    with pytest.raises(PortError, match=message):
        check_vocoder(model, VocoderRoles.check(roles, "contract"), "v.onnx")


def test_both_graphs_have_the_same_bands():
    outputs = OutputsConfig(mel="m")
    check_bands(MODEL, outputs, SAMPLES, VocoderRoles(mel="mel", wav="a"), "v.onnx")
    with pytest.raises(
        PortError, match="the acoustic graph gives 80 mel bands and the vocoder takes 100; it needs the vocoder that"
    ):
        check_bands(MODEL, outputs, BINS, VocoderRoles.check(TRANSFORM, "contract"), "v.onnx")


def test_ids_are_rows_of_the_graphs_table():
    import numpy as np

    nodes = [helper.make_node("Cast", ["x"], ["k"], to=INT), helper.make_node("Gather", ["table", "k"], ["y"])]
    model = model_of({"x": (INT, ["N", "L"])}, {"y": (FLOAT, None)}, *nodes, table=np.zeros((7, 2), np.float32))
    check_ids(model, "x", [0, 6], "v.onnx")
    check_ids(MODEL, "x", [10**6], "v.onnx")  # its table is not seen
    with pytest.raises(PortError, match="its tokens name id 7, and the graph has 7, 0 to 6; they are of another voice"):
        check_ids(model, "x", [0, 7], "v.onnx")
