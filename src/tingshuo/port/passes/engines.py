"""Another engine for the same graph: OpenVINO, in float32, or in bfloat16 where the processor multiplies it."""

from tingshuo.port.passes.subject import NotApplicableError, Subject


def openvino(subject: Subject) -> Subject:
    """Let OpenVINO run it in float32.

    Raises
    ------
    NotApplicableError
        It is made for another engine.
    """
    return _apply(subject, "fp32")


def openvino_bf16(subject: Subject) -> Subject:
    """Let OpenVINO run it in bfloat16.

    Raises
    ------
    NotApplicableError
        It is made for another engine.
    """
    return _apply(subject, "bf16")


def _apply(subject: Subject, precision: str) -> Subject:
    if any(node.domain not in ("", "ai.onnx") for node in subject.model.graph.node):
        raise NotApplicableError("it has operators of ONNX Runtime alone")
    return subject.changed(subject.model, engine="openvino", precision=precision)
