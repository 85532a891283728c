"""Tiny vocoders as graphs of strangers, with whatever ends they have."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BANDS, HOP, BINS = 20, 8, 17
MEL = {
    "like": "hifigan",
    "sample_rate": 16000,
    "n_fft": 32,
    "hop_length": HOP,
    "win_length": 32,
    "n_mels": BANDS,
    "fmin": 0,
    "fmax": 8000,
}
"""What they read, as a contract has it."""
REACH = 1
"""Frames either side that a sample depends on."""
_AXES: dict[str, tuple[list[Any], list[int]]] = {
    "bmf": ([1, BANDS, "F"], []),
    "bfm": ([1, "F", BANDS], [0, 2, 1]),
    "mf": ([BANDS, "F"], []),
    "b1fm": ([1, 1, "F", BANDS], [0, 1, 3, 2]),
}


def vocoder_graph(
    layout: str = "bmf",
    *,
    mel: str = "spec",
    output: str = "audio",
    dtype: int = TensorProto.FLOAT,
    frames: Any = "F",
    centred: bool = False,
    draws: bool = False,
    f0: str | None = None,
    scale: bool = False,
    domain: str = "",
    seed: int = 0,
) -> onnx.ModelProto:
    """A convolution over three frames, and one that makes ``HOP`` samples of a frame: (1, 1, F * HOP).

    ``centred`` cuts half a frame at either end; ``f0`` is an input that is heard, ``scale`` one that multiplies.
    """
    arrays = _weights(seed, half=dtype == TensorProto.FLOAT16)
    shape, order = _AXES[layout]
    shape = [frames if size == "F" else size for size in shape]
    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    if order:
        steps.append(("Transpose", [], {"perm": order}))
    if len(shape) != 3:
        steps.append(("Reshape", ["flat"], {}))
    steps.append(("Conv", ["w1", "b1"], {"pads": [1, 1], "kernel_shape": [3]}))
    if f0:
        steps.append(("Add", ["pitch"], {}))
    steps += [
        ("LeakyRelu", [], {"alpha": 0.1}),
        ("ConvTranspose", ["w2"], {"strides": [HOP], "kernel_shape": [HOP]}),
        ("Tanh", [], {}),
    ]
    if scale:
        steps.append(("Mul", ["scale"], {}))
    if centred:
        steps.append(("Slice", ["from", "to", "along"], {}))
    if domain:
        steps.append(("Fancy", [], {"domain": domain}))
    nodes, value = [], mel
    if f0:
        nodes += [helper.make_node("Unsqueeze", [f0, "axes"], ["row"]), helper.make_node("Mul", ["row", "hundredth"], ["pitch"])]
        arrays["hundredth"] = np.array(0.01, np.float32)
    if draws:
        nodes += [helper.make_node("RandomNormalLike", [mel], ["noise"]), helper.make_node("Add", [mel, "noise"], ["noisy"])]
        value = "noisy"
    for place, (operator, more, attributes) in enumerate(steps):
        result = output if place == len(steps) - 1 else f"v{place}"
        nodes.append(helper.make_node(operator, [value, *more], [result], **attributes))
        value = result
    inputs = [helper.make_tensor_value_info(mel, dtype, shape)]
    inputs += [helper.make_tensor_value_info(f0, TensorProto.FLOAT, [1, "F"])] if f0 else []
    inputs += [helper.make_tensor_value_info("scale", TensorProto.FLOAT, [1])] if scale else []
    outputs = [helper.make_tensor_value_info(output, dtype, [1, 1, "T"])]
    graph = helper.make_graph(
        nodes, "g", inputs, outputs, [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _weights(seed: int, *, half: bool) -> dict[str, Any]:
    """Constants of `vocoder_graph` by name."""
    rng = np.random.default_rng(seed)
    weights: dict[str, Any] = {
        "w1": rng.normal(0, 0.2, (6, BANDS, 3)),
        "b1": rng.normal(0, 0.1, 6),
        "w2": rng.normal(0, 0.3, (6, 1, HOP)),
    }
    numbers = {name: value.astype(np.float16 if half else np.float32) for name, value in weights.items()}
    sizes = {"axes": [1], "flat": [1, BANDS, -1], "from": [HOP // 2], "to": [-HOP // 2], "along": [2]}
    return numbers | {name: np.array(value, np.int64) for name, value in sizes.items()}


def transform_graph(outputs: tuple[str, ...], *, turned: bool = True) -> onnx.ModelProto:
    """A transform of every frame by itself: log_magnitude, magnitude, phase, cos, sin; (1, BINS, F) or (1, F, BINS)."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(0, 0.1, (BINS, BANDS, 1)).astype(np.float32) for name in ("wm", "wp")}
    nodes = [
        helper.make_node("Conv", ["spec", "wm"], ["m"], kernel_shape=[1]),
        helper.make_node("Conv", ["spec", "wp"], ["p"], kernel_shape=[1]),
    ]
    of = {
        "log_magnitude": ("Identity", "m"),
        "magnitude": ("Exp", "m"),
        "phase": ("Identity", "p"),
        "cos": ("Cos", "p"),
        "sin": ("Sin", "p"),
    }
    for name in outputs:
        operator, source = of[name]
        nodes.append(helper.make_node(operator, [source], [f"{name}_" if not turned else f"their_{name}"]))
        if not turned:
            nodes.append(helper.make_node("Transpose", [f"{name}_"], [f"their_{name}"], perm=[0, 2, 1]))
    sizes: list[Any] = [1, BINS, "F"] if turned else [1, "F", BINS]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("spec", TensorProto.FLOAT, [1, BANDS, "F"])],
        [helper.make_tensor_value_info(f"their_{name}", TensorProto.FLOAT, sizes) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
