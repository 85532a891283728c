"""Tiny voices of other systems, written as those leave them and imported: what a user does, with nets that take no time.

The exporter takes seconds for a graph however small it is, so a voice whose graphs are those of another takes them from there.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.port.tiny_emotivoice import SPOKEN, write_project, write_prompt_encoder
from tests.port.tiny_sambert import ACOUSTIC, CAUSAL, NOISY, random_net, write_voice
from tests.port.tiny_sherpa import tiny_draft

from tingshuo.config import Size
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.sambert.net import Sambert
from tingshuo.port import bundling, draft_folder, import_checkpoint, importing, reading
from tingshuo.port.draft import Draft
from tingshuo.port.export import export_graph
from tingshuo.port.families import build_nets, hollow

WIDE = ACOUSTIC.replace(mels=8)


def write_emotivoice(folder: Path) -> Path:
    """Write a voice of three speakers with its prompt encoder."""
    return write_prompt_encoder(write_project(folder, SPOKEN))


def write_sambert(folder: Path) -> Path:
    """Write a voice of two speakers."""
    return write_voice(folder, random_net(Sambert, WIDE), random_net(KanHiFiGan, CAUSAL.replace(mels=8)))


def write_bytes_voice(folder: Path) -> Path:
    """Write a voice that reads bytes, whose speaker is a vector, and whose vocoder has a harmonic source."""
    config = WIDE.replace(tables=(258,), emotions=35, speakers=0)  # those of before there was a mask
    changes = {"SE": True, "using_byte": True, "nsf_norm_type": "global"}
    write_voice(folder, random_net(Sambert, config), random_net(KanHiFiGan, NOISY), **changes)
    np.save(folder / "am" / "se.npy", np.arange(3.0)[None])
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "emotivoice": write_emotivoice,
    "sambert": write_sambert,
    "sambert_bytes": write_bytes_voice,
}
DRAFTS: dict[str, Callable[[Path], Draft]] = {"graph_voice": tiny_draft}
"""Those that somebody described, and that no system is known of."""
SAME_GRAPHS = {"sambert_bytes": ("sambert", ("encoder", "vocoder"))}
"""Whose graphs a voice has, but for those that are named."""


def import_tiny(name: str, folder: Path, get: Callable[[str], Path]) -> Path:
    """Write a voice into a folder, import it and return its bundle; ``get`` returns that of another voice."""
    if name in DRAFTS:
        bundling.write_draft(DRAFTS[name](folder / "foreign" / name), folder / name)
        return folder / name
    source = WRITERS[name](folder / "foreign" / name)
    with pytest.MonkeyPatch.context() as patch:
        if name in SAME_GRAPHS:
            other, anew = SAME_GRAPHS[name]
            patch.setattr(importing, "run_reading", reading.read)
            patch.setattr(draft_folder, "export_structures", graphs_of(get(other), anew))
        return import_checkpoint(source, folder / name).path


def graphs_of(bundle: Path, anew: tuple[str, ...] = ()) -> Callable[..., dict[str, onnx.ModelProto]]:
    """Return what takes the graphs of an architecture from a bundle, but for those that are named."""

    def export(architecture: Mapping[str, Size], *, here: bool) -> dict[str, onnx.ModelProto]:
        models = {}
        for graph in (graph for built in build_nets(architecture) for graph in hollow(built).graphs):
            path = bundle / "graphs/onnx/fp32" / f"{graph.name}.onnx"
            is_new = graph.name in anew
            models[graph.name] = export_graph(graph, half=False) if is_new else onnx.load(path, load_external_data=False)
        return models

    return export
