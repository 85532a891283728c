"""Constant folding and simpler shapes, by ONNX Runtime's own optimisation that knows no engine.

The runtime does the same whenever it opens a graph, so this makes opening quicker, not speech; other passes find their patterns
in what it leaves.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime
from onnx import helper

from tingshuo.errors import PortError
from tingshuo.port.export import IR_VERSION
from tingshuo.port.passes.subject import NotApplicableError, Subject, copied, is_external
from tingshuo.port.rewrite import assign, drop_unused

_LOG_ERRORS = 3


def apply(subject: Subject) -> Subject:
    """Fold constants.

    Raises
    ------
    NotApplicableError
        The graph has operators of one engine already.
    PortError
        The runtime refuses the graph.
    """
    if any(node.domain not in ("", "ai.onnx") for node in subject.model.graph.node):
        raise NotApplicableError("it is made for one engine already")
    model = copied(subject.model)
    # As inputs, they are not folded into copies of themselves that would have to be stored beside them.
    outer = [one for one in model.graph.initializer if is_external(one)]
    given = [helper.make_tensor_value_info(one.name, one.data_type, list(one.dims)) for one in outer]
    model.graph.input.extend(given)
    assign(model.graph.initializer, [one for one in model.graph.initializer if not is_external(one)])
    simple = folded(model)
    names = {one.name for one in outer}
    assign(simple.graph.input, [value for value in simple.graph.input if value.name not in names])
    simple.graph.initializer.extend(outer)
    drop_unused(simple.graph)
    return subject.changed(simple)


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph as the runtime simplifies it without operators of its own.

    Raises
    ------
    PortError
        The runtime refuses the graph.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = _LOG_ERRORS
    with TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors have no common base below Exception
            raise PortError(f"graph {model.graph.name!r} cannot be folded: {error}") from error
        simple = onnx.load(path)
    simple.ir_version = IR_VERSION
    simple.producer_name, simple.producer_version = model.producer_name, model.producer_version
    del simple.graph.value_info[:]
    if not any(node.domain for node in simple.graph.node):
        kept = [one for one in simple.opset_import if one.domain in ("", "ai.onnx")]
        del simple.opset_import[:]
        simple.opset_import.extend(kept)
    return simple
