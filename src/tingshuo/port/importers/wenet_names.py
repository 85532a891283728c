"""What the tensors of WeNet's recognisers are called here, and in which form our net has them.

Layers of query, key and value are joined, convolutions of one tap are linear layers, and a batch norm is taken into the
convolution before it. Source of the names: https://github.com/wenet-e2e/wenet (``wenet/models/transformer``; Apache-2.0).
"""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.port.importers.attention import join_attention
from tingshuo.port.importers.keys import Rule, rename

Tensors = Mapping[str, NDArray[np.float32]]

MEAN, INVERSE_DEVIATION = "encoder.global_cmvn.mean", "encoder.global_cmvn.istd"
TABLE = re.compile(r"(?:encoder\.embed\.pos_enc|decoder(?:\.(?:left|right)_decoder)?\.embed\.1)\.pe")
"""Tables of positions, which newer checkpoints carry."""
IDLE = re.compile(
    r"(?:encoder\.encoders|decoder(?:\.(?:left|right)_decoder)?\.decoders)\.\d+\.concat_linear[12]?\.(?:weight|bias)"
)
"""Layers that older code made and did not use: one in a block of an encoder, two in that of a decoder."""

_KIND = r"(weight|bias)"
_LAYER = r"encoder\.encoders\.(\d+)"
_OURS = r"encoder.blocks.\1"
_PARTS = (("query", "q"), ("key", "k"), ("value", "v"), ("out", "out"))
_ENCODER: tuple[Rule, ...] = (
    (r"encoder\.embed\.(?:out\.0|linear)\.(weight|bias)", r"encoder.subsampling.out.\1"),
    (rf"encoder\.after_norm\.{_KIND}", r"encoder.norm.\1"),
    (rf"ctc\.ctc_lo\.{_KIND}", r"ctc.\1"),
    *((rf"{_LAYER}\.self_attn\.linear_{theirs}\.{_KIND}", rf"{_OURS}.attention.{ours}.\2") for ours, theirs in _PARTS),
    (rf"{_LAYER}\.self_attn\.linear_pos\.weight", rf"{_OURS}.attention.place.weight"),
    (rf"{_LAYER}\.self_attn\.pos_bias_u", rf"{_OURS}.attention.key_lean"),
    (rf"{_LAYER}\.self_attn\.pos_bias_v", rf"{_OURS}.attention.place_lean"),
    (rf"{_LAYER}\.feed_forward_macaron\.w_1\.{_KIND}", rf"{_OURS}.first.expand.\2"),
    (rf"{_LAYER}\.feed_forward_macaron\.w_2\.{_KIND}", rf"{_OURS}.first.project.\2"),
    (rf"{_LAYER}\.feed_forward\.w_1\.{_KIND}", rf"{_OURS}.feed.expand.\2"),
    (rf"{_LAYER}\.feed_forward\.w_2\.{_KIND}", rf"{_OURS}.feed.project.\2"),
    (rf"{_LAYER}\.conv_module\.pointwise_conv1\.{_KIND}", rf"{_OURS}.conv.expand.\2"),
    (rf"{_LAYER}\.conv_module\.depthwise_conv\.{_KIND}", rf"{_OURS}.conv.depthwise.\2"),
    (rf"{_LAYER}\.conv_module\.norm\.{_KIND}", rf"{_OURS}.conv.norm.\2"),
    (rf"{_LAYER}\.conv_module\.pointwise_conv2\.{_KIND}", rf"{_OURS}.conv.project.\2"),
    (rf"{_LAYER}\.norm_ff_macaron\.{_KIND}", rf"{_OURS}.first_norm.\2"),
    (rf"{_LAYER}\.(?:norm_mha|norm1)\.{_KIND}", rf"{_OURS}.attention_norm.\2"),
    (rf"{_LAYER}\.norm_conv\.{_KIND}", rf"{_OURS}.conv_norm.\2"),
    (rf"{_LAYER}\.(?:norm_ff|norm2)\.{_KIND}", rf"{_OURS}.feed_norm.\2"),
    (rf"{_LAYER}\.norm_final\.{_KIND}", rf"{_OURS}.norm.\2"),
)


def _decoder_rules(theirs: str, ours: str) -> tuple[Rule, ...]:
    layer, block = rf"{theirs}\.decoders\.(\d+)", rf"{ours}.blocks.\1"
    return (
        (rf"{theirs}\.embed\.0\.weight", f"{ours}.unit.weight"),
        (rf"{theirs}\.after_norm\.{_KIND}", rf"{ours}.norm.\1"),
        (rf"{theirs}\.output_layer\.{_KIND}", rf"{ours}.out.\1"),
        *((rf"{layer}\.self_attn\.linear_{name}\.{_KIND}", rf"{block}.attention.{part}.\2") for part, name in _PARTS),
        *((rf"{layer}\.src_attn\.linear_{name}\.{_KIND}", rf"{block}.cross.{part}.\2") for part, name in _PARTS),
        (rf"{layer}\.feed_forward\.w_1\.{_KIND}", rf"{block}.feed.expand.\2"),
        (rf"{layer}\.feed_forward\.w_2\.{_KIND}", rf"{block}.feed.project.\2"),
        (rf"{layer}\.norm1\.{_KIND}", rf"{block}.attention_norm.\2"),
        (rf"{layer}\.norm2\.{_KIND}", rf"{block}.cross_norm.\2"),
        (rf"{layer}\.norm3\.{_KIND}", rf"{block}.feed_norm.\2"),
    )


RULES: tuple[Rule, ...] = (
    *((rf"encoder\.embed\.conv\.{2 * n}\.{_KIND}", rf"encoder.subsampling.convs.{n}.\1") for n in range(3)),
    *_ENCODER,
    *_decoder_rules(r"decoder\.right_decoder", "reverse_decoder"),
    *_decoder_rules(r"decoder(?:\.left_decoder)?", "decoder"),
)


def our_tensors(tensors: Tensors, shapes: Mapping[str, tuple[int, ...]], conv_eps: float) -> dict[str, NDArray[np.float32]]:
    """Return tensors by our names and in our forms.

    Parameters
    ----------
    tensors : mapping
        By their own names, read.
    shapes : mapping
        What our net wants.
    conv_eps : float
        Of batch norms.

    Raises
    ------
    PortError
        A part of something is there without its others.
    """
    joined = _join_cross(join_attention(rename(_fold_batch_norms(tensors, conv_eps), RULES)))
    return {
        name: tensor[..., 0] if tensor.shape[2:] == (1,) and len(shapes.get(name, ())) == 2 else tensor
        for name, tensor in joined.items()
    }


def _fold_batch_norms(tensors: Tensors, eps: float) -> dict[str, NDArray[np.float32]]:
    """Scale and shift each convolution as the batch norm behind it does in evaluation."""
    folded = dict(tensors)
    ends = ("weight", "bias", "running_mean", "running_var")
    for name in tensors:
        if not name.endswith(".conv_module.norm.running_var"):
            continue
        norm = name.removesuffix("running_var")
        conv = f"{norm.removesuffix('norm.')}depthwise_conv."
        missing = [n for n in (*(f"{norm}{end}" for end in ends), f"{conv}weight", f"{conv}bias") if n not in folded]
        if missing:
            raise PortError(f"{missing[0]}: is missing beside {name}, so the checkpoint is not whole")
        weight, bias, mean, variance = (folded.pop(f"{norm}{end}").astype(np.float64) for end in ends)
        folded.pop(f"{norm}num_batches_tracked", None)
        scale = weight / np.sqrt(variance + eps)
        folded[f"{conv}weight"] = (folded[f"{conv}weight"] * scale[:, None, None]).astype(np.float32)
        folded[f"{conv}bias"] = ((folded[f"{conv}bias"] - mean) * scale + bias).astype(np.float32)
    return folded


def _join_cross(tensors: Tensors) -> dict[str, NDArray[np.float32]]:
    """Join keys and values of attention to what was heard; a query stays by itself."""
    joined: dict[str, NDArray[np.float32]] = {}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"(.*\.cross\.)(key|value)\.(weight|bias)", name)
        if found is None:
            joined[name] = tensor
            continue
        other = f"{found[1]}{'value' if found[2] == 'key' else 'key'}.{found[3]}"
        if other not in tensors or tensors[other].shape != tensor.shape:
            raise PortError(f"{name}: {other} is not beside it with the same shape, so the checkpoint is not whole")
        if found[2] == "key":
            joined[f"{found[1]}key_value.{found[3]}"] = np.concatenate([tensor, tensors[other]])
    return joined
