"""Another engine for the same graph: OpenVINO, in float32, in bfloat16 where the processor multiplies it, in int8."""

from dataclasses import replace

from tingshuo.port.passes.static import heavy
from tingshuo.port.passes.subject import NotApplicableError, Subject

ENGINE = "openvino"


def openvino(subject: Subject) -> Subject:
    """Let OpenVINO run it in float32.

    Raises
    ------
    NotApplicableError
        It is made for another engine.
    """
    return _standard(subject).changed(subject.model, engine=ENGINE, precision="fp32")


def openvino_bf16(subject: Subject) -> Subject:
    """Let OpenVINO run it in bfloat16.

    Raises
    ------
    NotApplicableError
        It is made for another engine.
    """
    return _standard(subject).changed(subject.model, engine=ENGINE, precision="bf16")


def openvino_int8(subject: Subject) -> Subject:
    """Let OpenVINO run its convolutions and products in int8, by scales that sentences chose.

    Raises
    ------
    NotApplicableError
        It is made for another engine, or as of `tingshuo.port.passes.static.heavy`.
    """
    return replace(heavy(_standard(subject)), engine=ENGINE)


def _standard(subject: Subject) -> Subject:
    if any(node.domain not in ("", "ai.onnx") for node in subject.model.graph.node):
        raise NotApplicableError("it has operators of ONNX Runtime alone")
    return subject
