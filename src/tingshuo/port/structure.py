"""Graphs of an architecture, exported in a process of their own and without any weight.

torch's exporter takes as much memory as a small checkpoint does; in a process of its own it never lies beside the weights.
As a program: reads an architecture as JSON from its input and writes ``<graph>.onnx`` into the folder that it is given.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx

from tingshuo.config import Size
from tingshuo.errors import PortError, TingshuoError

Structure = onnx.ModelProto
"""A graph without weights."""
TIMEOUT_S = 3600.0
_ERROR = "error.txt"


def export_structures(architecture: Mapping[str, Size]) -> dict[str, Structure]:
    """Export every graph of the nets of an architecture; float32 weights are named and not held.

    Raises
    ------
    PortError
        A net cannot be built or exported.
    """
    with tempfile.TemporaryDirectory(prefix="tingshuo-export-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tingshuo.port.structure", name]
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=json.dumps(architecture).encode(), capture_output=True, timeout=TIMEOUT_S, check=False, env=os.environ
        )
        if (folder / _ERROR).is_file():
            raise PortError((folder / _ERROR).read_text("utf-8"))
        if done.returncode != 0:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
            raise PortError(f"the graphs could not be exported: {last[0]}")
        order = json.loads((folder / "order.json").read_text("utf-8"))
        return {graph: onnx.load(folder / f"{graph}.onnx", load_external_data=False) for graph in order}


def main(folder: Path) -> None:
    """Export what the input asks for into a folder."""
    from tingshuo.port.export import export_graph
    from tingshuo.port.families import build_nets, hollow

    order = []
    try:
        for built in build_nets(json.load(sys.stdin)):
            for graph in hollow(built).graphs:
                (folder / f"{graph.name}.onnx").write_bytes(export_graph(graph, half=False).SerializeToString(deterministic=True))
                order.append(graph.name)
    except TingshuoError as error:
        (folder / _ERROR).write_text(str(error), "utf-8")
    (folder / "order.json").write_text(json.dumps(order), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
