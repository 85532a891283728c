"""What can be tried on a graph: one row a pass.

Some things that make a voice fast are no passes, as they are decided elsewhere: weight norm is folded by every importer, before
there is a graph; parts that are rarely used are a matter of when a bundle's graphs are opened. `PRACTICES` says where.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tingshuo.port.passes.subject import Subject
from tingshuo.registry import Registry, Row

TARGETS = ("cpu", "pi", "openvino", "cuda", "tensorrt")


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass does.

    ``exact`` passes stay within the gate of float32 and replace a graph; the others make a variant beside it. ``smaller`` passes
    are for size: they are kept where they are not slower. ``calibrated`` ones need inputs of real sentences. ``plain`` ones read
    standard operators alone, so they are not tried on a graph that has been laid out for one engine. What has a ``never`` is
    measured and not kept, for that reason. What is ``asked`` for takes long and is tried only where it is named.
    """

    what: str
    targets: tuple[str, ...]
    where: str
    exact: bool = True
    smaller: bool = False
    calibrated: bool = False
    plain: bool = False
    never: str = ""
    asked: bool = False


UNSTEADY = "a frame depends on what else is in its piece, so a stream would not be what the whole file is"
NO_ENGINE = "no engine of a bundle is PyTorch: voices speak where it is not installed"
_ANY = ("cpu", "pi", "openvino")
_ORT = ("cpu", "pi")
_STANDARD = "graphs of standard operators"
PASSES: dict[str, Pass] = {
    "fold": Pass("fold constants and simplify shapes", _ANY, "every graph"),
    "wide": Pass("convolutions over time as pictures one row high", _ORT, "graphs with Conv1d"),
    "repeats": Pass("repetition along time as a product with ones", _ORT, "graphs that expand frames to samples"),
    "tiles": Pass(
        "wide convolutions in tiles of six samples, a third of the products and twice the memory",
        ("cpu",),
        "convolutions over time of 64 channels or more",
    ),
    "gemm": Pass("linear layers as one Gemm, depthwise convolutions wide", _ORT, "graphs with linear layers"),
    "attention": Pass("attention as one operator", _ORT, "plain attention, no mask, no relative positions"),
    "step": Pass("a decoder's step laid out anew", _ORT, "the step of a Sambert decoder"),
    "half": Pass("tensors stored in half precision", ("pi",), "graphs with float32 tensors", smaller=True),
    "int8-blocks": Pass("int8 weights of linear layers in blocks, a scale each", _ORT, "graphs with linear layers", exact=False),
    "int8-products": Pass(
        "dynamic int8 of matrix products alone", _ORT, "graphs with linear layers", exact=False, plain=True, never=UNSTEADY
    ),
    "int8-dynamic-conv": Pass(
        "dynamic int8 of convolutions", _ORT, "graphs with convolutions", exact=False, plain=True, never=UNSTEADY
    ),
    "int8-static": Pass(
        "static int8 of convolutions and products, ends float32",
        _ORT,
        "graphs with more than two layers",
        exact=False,
        calibrated=True,
        plain=True,
    ),
    "int8-static-all": Pass(
        "static int8 of everything but the ends",
        _ORT,
        "graphs with more than two layers",
        exact=False,
        calibrated=True,
        plain=True,
    ),
    "openvino": Pass("the same graph in OpenVINO, float32", ("openvino",), _STANDARD, exact=False, plain=True),
    "openvino-bf16": Pass("the same in OpenVINO, bfloat16 (AVX512-BF16, AMX)", ("openvino",), _STANDARD, exact=False, plain=True),
    "openvino-int8": Pass(
        "static int8 as int8-static, in OpenVINO", ("openvino",), _STANDARD, exact=False, calibrated=True, plain=True
    ),
    "torch-compile": Pass(
        "compiled by PyTorch, float32", ("cpu",), _STANDARD, exact=False, plain=True, never=NO_ENGINE, asked=True
    ),
    "torch-compile-bf16": Pass(
        "compiled by PyTorch, bfloat16", ("cpu",), _STANDARD, exact=False, plain=True, never=NO_ENGINE, asked=True
    ),
}
"""In the order in which they are tried."""

PRACTICES = {
    "weight-norm": "folded when a model is imported or trained by us; no graph of a bundle has any",
    "bf16": "ONNX Runtime has no bfloat16 on x86 processors; openvino-bf16 and torch-compile-bf16 have",
    "buckets": "a new length costs next to nothing, and padding to a bucket costs what is padded (docs/speed.md)",
    "kv-cache": "the step of a Sambert decoder is given the keys and values of the steps before it, and always was; see step",
    "steps-in-one-run": "reading the weights is two thirds of a step, whoever calls it (docs/speed.md); int8-blocks reads less",
    "parts-on-demand": "a voice uses all of its graphs in its first sentence, so they are opened at once and side by side; "
    "of a recogniser, chunks are opened by the first stream",
}
"""What was considered and is no pass."""

_MODULES = Registry(
    "pass",
    {
        "attention": Row("tingshuo.port.passes.attention:apply"),
        "fold": Row("tingshuo.port.passes.fold:apply"),
        "gemm": Row("tingshuo.port.passes.gemm:apply"),
        "half": Row("tingshuo.port.passes.half:apply"),
        "int8-blocks": Row("tingshuo.port.passes.blocks:apply"),
        "int8-dynamic-conv": Row("tingshuo.port.passes.dynamic:convolutions", "pip install 'tingshuo[train]'"),
        "int8-products": Row("tingshuo.port.passes.dynamic:products", "pip install 'tingshuo[train]'"),
        "int8-static": Row("tingshuo.port.passes.static:heavy", "pip install 'tingshuo[train]'"),
        "int8-static-all": Row("tingshuo.port.passes.static:everything", "pip install 'tingshuo[train]'"),
        "openvino": Row("tingshuo.port.passes.engines:openvino"),
        "openvino-bf16": Row("tingshuo.port.passes.engines:openvino_bf16"),
        "openvino-int8": Row("tingshuo.port.passes.engines:openvino_int8", "pip install 'tingshuo[train]'"),
        "repeats": Row("tingshuo.port.passes.repeats:apply"),
        "step": Row("tingshuo.port.passes.step:apply"),
        "tiles": Row("tingshuo.port.passes.tiles:apply", "pip install 'tingshuo[train]'"),
        "torch-compile": Row("tingshuo.port.passes.compiled:float32", "pip install 'tingshuo[train]'"),
        "torch-compile-bf16": Row("tingshuo.port.passes.compiled:bfloat16", "pip install 'tingshuo[train]'"),
        "wide": Row("tingshuo.port.passes.wide:apply"),
    },
)


def load_pass(name: str) -> Callable[[Subject], Subject]:
    """Return the function of a pass.

    Raises
    ------
    RequestError
        There is no such pass; the message lists those there are.
    EngineNotInstalledError
        A package that it needs is missing.
    """
    function: Callable[[Subject], Subject] = _MODULES.load(name)
    return function
