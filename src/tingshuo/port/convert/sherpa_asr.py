"""A recogniser of sherpa-onnx, or of FunASR's ONNX runtime, as a draft of a bundle; its graph stays as it is."""

from dataclasses import replace
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.convert.graph_recogniser import graph_recogniser_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.onnx_files import read_onnx
from tingshuo.port.importers.sherpa_asr import read_recogniser

SYSTEM = "sherpa-asr"


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a recogniser.

    Parameters
    ----------
    path : Path
        Its folder, or a graph in it.
    voice : str or None
        A recogniser has none.

    Raises
    ------
    PortError
        A file is missing, damaged or of another kind, or a voice was asked for.
    """
    if voice is not None:
        raise PortError(f"{path}: is a recogniser of speech and has no voices")
    read = read_recogniser(path)
    graph = read.found.graph
    made = graph_recogniser_draft(
        {graph.stem: read_onnx(graph)},
        read.contract,
        name=graph.parent.resolve().name,
        source=f"{read.what}, {graph.name}",
        folder=graph.parent,
        system=SYSTEM,
    )
    return replace(made, attributions=read.attributions, notes=(*made.notes, *read.notes))
