"""A stranger's graph that is tried out before anything is made of it."""

import onnx
import onnxruntime

from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError


def open_plain(model: onnx.ModelProto, name: str) -> Session:
    """Open a graph as it is, without any optimisation.

    Parameters
    ----------
    model : onnx.ModelProto
        With its weights inside.
    name : str
        For messages.

    Raises
    ------
    PortError
        ONNX Runtime cannot.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads, options.enable_cpu_mem_arena = 4, 1, False
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base below Exception
        raise PortError(f"the graph {name} cannot be opened: {' '.join(str(error).split())}") from error
    return Session(session, name)
