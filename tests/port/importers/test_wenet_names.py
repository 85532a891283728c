"""Names and forms of tensors."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.wenet_names import IDLE, TABLE, our_tensors  # noqa: E402

pytestmark = pytest.mark.train
LAYER = "encoder.encoders.3"


def ones(*names: str, shape: tuple[int, ...] = (2, 2)) -> dict[str, np.ndarray]:
    return {name: np.full(shape, n, np.float32) for n, name in enumerate(names)}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("encoder.embed.conv.2.weight", "encoder.subsampling.convs.1.weight"),
        ("encoder.embed.conv.4.bias", "encoder.subsampling.convs.2.bias"),
        ("encoder.embed.out.0.weight", "encoder.subsampling.out.weight"),
        ("encoder.embed.linear.bias", "encoder.subsampling.out.bias"),
        (f"{LAYER}.norm_mha.weight", "encoder.blocks.3.attention_norm.weight"),
        (f"{LAYER}.norm1.weight", "encoder.blocks.3.attention_norm.weight"),
        (f"{LAYER}.norm2.bias", "encoder.blocks.3.feed_norm.bias"),
        (f"{LAYER}.self_attn.pos_bias_u", "encoder.blocks.3.attention.key_lean"),
        ("decoder.after_norm.weight", "decoder.norm.weight"),
        ("decoder.left_decoder.decoders.1.norm2.bias", "decoder.blocks.1.cross_norm.bias"),
        ("decoder.right_decoder.embed.0.weight", "reverse_decoder.unit.weight"),
        ("decoder.decoders.0.src_attn.linear_out.weight", "decoder.blocks.0.cross.out.weight"),
        ("something.else", "something.else"),
    ],
)
def test_what_tensors_are_called(theirs: str, ours: str) -> None:
    assert list(our_tensors(ones(theirs), {}, 1e-5)) == [ours]


def test_attention_is_joined() -> None:
    mine = our_tensors(ones(*(f"{LAYER}.self_attn.linear_{part}.weight" for part in "kqv")), {}, 1e-5)
    assert mine["encoder.blocks.3.attention.query_key_value.weight"][::2, 0].tolist() == [1, 0, 2]
    mine = our_tensors(ones(*(f"decoder.decoders.0.src_attn.linear_{part}.bias" for part in "vqk"), shape=(2,)), {}, 1e-5)
    assert mine["decoder.blocks.0.cross.key_value.bias"].tolist() == [2, 2, 0, 0]
    assert mine["decoder.blocks.0.cross.query.bias"].tolist() == [1, 1]
    with pytest.raises(PortError, match=r"cross\.value\.bias is not beside it with the same shape"):
        our_tensors(ones("decoder.decoders.0.src_attn.linear_k.bias"), {}, 1e-5)


def test_convolutions_of_one_tap_become_linear_layers_where_the_net_has_them() -> None:
    given = ones(f"{LAYER}.conv_module.pointwise_conv1.weight", f"{LAYER}.conv_module.depthwise_conv.weight", shape=(4, 2, 1))
    shapes = {"encoder.blocks.3.conv.expand.weight": (4, 2), "encoder.blocks.3.conv.depthwise.weight": (4, 2, 1)}
    assert {name: tensor.shape for name, tensor in our_tensors(given, shapes, 1e-5).items()} == shapes


@torch.inference_mode()
def test_a_batch_norm_is_taken_into_the_convolution_before_it() -> None:
    torch.manual_seed(0)
    conv, norm = torch.nn.Conv1d(4, 4, 3, groups=4), torch.nn.BatchNorm1d(4, eps=1e-3).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        tensor.normal_()
    norm.running_var.uniform_(0.1, 2)
    module = f"{LAYER}.conv_module."
    given = {f"{module}depthwise_conv.{name}": tensor.numpy() for name, tensor in conv.state_dict().items()}
    given |= {f"{module}norm.{name}": tensor.numpy() for name, tensor in norm.state_dict().items()}
    mine = our_tensors(given, {}, 1e-3)
    assert list(mine) == ["encoder.blocks.3.conv.depthwise.weight", "encoder.blocks.3.conv.depthwise.bias"]
    x = torch.randn(1, 4, 9)
    folded = torch.nn.functional.conv1d(x, *(torch.from_numpy(tensor) for tensor in mine.values()), groups=4)
    assert torch.allclose(folded, norm(conv(x)), atol=1e-6)
    with pytest.raises(PortError, match=r"conv_module\.norm\.running_mean: is missing beside"):
        our_tensors({name: tensor for name, tensor in given.items() if "running_mean" not in name}, {}, 1e-3)


def test_tensors_that_do_nothing() -> None:
    for name in ("encoder.embed.pos_enc.pe", "decoder.embed.1.pe", "decoder.right_decoder.embed.1.pe"):
        assert TABLE.fullmatch(name)
    for name in ("encoder.encoders.0.concat_linear.weight", "decoder.left_decoder.decoders.2.concat_linear2.bias"):
        assert IDLE.fullmatch(name)
    assert not IDLE.fullmatch("encoder.encoders.0.feed_forward.w_1.weight")
