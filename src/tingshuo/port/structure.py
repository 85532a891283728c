"""Graphs of an architecture, exported in a process without any weight.

torch's exporter takes as much memory as a checkpoint of 200 MB does; it never lies beside the weights.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx

from tingshuo.config import Size
from tingshuo.port.worker import Job, Tell, run_apart, serve

Structure = onnx.ModelProto
"""A graph without weights."""


def export_structures(architecture: Mapping[str, Size], *, here: bool = False) -> dict[str, Structure]:
    """Export every graph of the nets of an architecture; float32 weights are named and not held.

    Parameters
    ----------
    architecture : mapping
        Of the nets.
    here : bool
        In this process, which holds no weights.

    Raises
    ------
    PortError
        A net cannot be built or exported.
    """
    if here:
        return _exported(architecture)
    with tempfile.TemporaryDirectory(prefix="tingshuo-export-") as name:
        folder = Path(name)
        run_apart("tingshuo.port.structure", {"architecture": dict(architecture), "folder": name})
        graphs = (folder / "order.txt").read_text("utf-8").split("\n")
        return {graph: onnx.load(folder / f"{graph}.onnx", load_external_data=False) for graph in graphs}


def _exported(architecture: Mapping[str, Size]) -> dict[str, Structure]:
    from tingshuo.port.export import export_graph
    from tingshuo.port.families import build_nets, hollow

    graphs = (graph for built in build_nets(architecture) for graph in hollow(built).graphs)
    return {graph.name: export_graph(graph, half=False) for graph in graphs}


def _work(job: Job, tell: Tell) -> None:
    folder, models = Path(job["folder"]), _exported(job["architecture"])
    for graph, model in models.items():
        (folder / f"{graph}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (folder / "order.txt").write_text("\n".join(models), "utf-8")


if __name__ == "__main__":
    serve(_work)
