import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.port.quantize import choose_affine, observe, quantize  # noqa: E402
from tingshuo.port.verify import compare, open_model  # noqa: E402

pytestmark = pytest.mark.train
NAMES = ["encoder", "pitch", "decoder", "vocoder"]


@pytest.fixture(scope="module")
def quantized(exported, tensors, inputs):
    return {name: quantize(exported[name], tensors, observe(exported[name], tensors, [inputs[name]])) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_int8_stays_near_float32(name, exported, quantized, tensors, inputs):
    expected = open_model(exported[name], tensors).run(inputs[name])
    errors = compare(open_model(quantized[name], tensors), inputs[name], expected)
    assert min(errors.values()) > -90  # something was quantised
    assert max(errors.values()) < -25


@pytest.mark.parametrize("name", NAMES)
def test_every_matrix_product_is_int8_and_no_weight_is_stored_again(name, quantized):
    graph = quantized[name].graph
    ops = [node.op_type for node in graph.node]
    assert not {"Gemm"} & set(ops)
    assert "QGemm" in ops
    inside = [tensor for tensor in graph.initializer if not tensor.external_data]
    assert max(int(np.prod(tensor.dims)) for tensor in inside) <= 513  # scales, not matrices


def test_the_three_vocoder_outputs_share_one_quantised_input(quantized):
    rows = [node.input[0] for node in quantized["vocoder"].graph.node if node.op_type == "QGemm"]
    assert len(set(rows[-3:])) == 1


def test_a_frame_does_not_depend_on_the_length_of_the_chunk(quantized, tensors, inputs):
    session = open_model(quantized["pitch"], tensors)
    whole = session.run(inputs["pitch"])["pitch"]
    part = session.run(
        {**inputs["pitch"], "frames": inputs["pitch"]["frames"][:, :12], "place": inputs["pitch"]["place"][:, :12]}
    )
    assert np.allclose(part["pitch"][:, :9], whole[:, :9], atol=1e-6)  # three frames of context


def test_what_is_kept_stays_float32(exported, tensors, inputs):
    model = quantize(exported["encoder"], tensors, observe(exported["encoder"], tensors, [inputs["encoder"]]), keep=["duration."])
    read = {node.op_type: "" for node in model.graph.node} | {
        node.op_type: node.op_type for node in model.graph.node if any("duration." in name for name in node.input)
    }
    assert read["Conv"] == "Conv"
    assert read["Gemm"] == "Gemm"
    assert not any("duration." in name for node in model.graph.node if node.op_type == "QGemm" for name in node.input)


def test_observed_rows_are_what_a_product_reads(exported, tensors, inputs):
    seen = observe(exported["decoder"], tensors, [inputs["decoder"]] * 2)
    x = np.concatenate([inputs["decoder"]["frames"], inputs["decoder"]["place"]], -1)[0]
    assert np.array_equal(seen["decoder_in.weight"], np.concatenate([x, x]))
    assert seen["mel.weight"].shape == (46, 12)


def test_affine_keeps_zero_and_covers_an_even_spread():
    values = np.linspace(-1, 3, 4001, dtype=np.float32)
    affine = choose_affine(values)
    assert affine.scale == pytest.approx(4 / 255, rel=0.05)
    assert affine.zero == pytest.approx(64, abs=3)


def test_affine_clips_one_extreme_among_many():
    rng = np.random.default_rng(0)
    values = np.append(rng.standard_normal(100_000), 40.0).astype(np.float32)
    clipped = choose_affine(values)
    step = (values.max() - values.min()) / 255
    assert clipped.scale < 0.9 * step


def test_affine_of_positive_values_starts_at_zero():
    assert choose_affine(np.linspace(0.5, 2, 100, dtype=np.float32)).zero == 0
