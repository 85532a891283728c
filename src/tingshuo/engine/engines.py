"""The engines that can run a graph file."""

from tingshuo.registry import Registry, Row

ENGINES = Registry(
    "engine",
    {
        "onnx": Row("tingshuo.engine.onnx:open_graph", "pip install onnxruntime"),
        "openvino": Row("tingshuo.engine.openvino:open_graph", "pip install 'tingshuo[openvino]'"),
    },
)
"""name -> ``open_graph(path, tensors, *, threads=1) -> Session``."""
