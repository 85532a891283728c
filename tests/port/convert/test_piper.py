"""A voice of Piper as a bundle: its settings go along, every graph is rehearsed, and what cannot be imported is told."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.convert import piper  # noqa: E402
from tingshuo.port.convert.piper import draft  # noqa: E402
from tingshuo.port.convert.rehearsals import rehearse  # noqa: E402
from tingshuo.port.families import build_nets, fill  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402

pytestmark = pytest.mark.train


class Eager:
    """A graph that is its torch module; notes that it was used."""

    def __init__(self, graph: Any) -> None:
        self.graph, self.calls = graph, 0

    def run(self, inputs: Any) -> dict[str, Any]:
        self.calls += 1
        return reference_outputs(self.graph, inputs)


def test_a_draft_is_rehearsed_by_every_graph(golden: Any) -> None:
    fixture = golden("piper_medium")
    made = draft(fixture.files)
    assert (made.task, made.config.family, made.config.sample_rate) == ("tts", "piper", 22050)
    (built,) = build_nets(made.config.architecture)  # type: ignore[attr-defined]
    fill(built, made.parts["acoustic"].tensors)
    graphs = {graph.name: Eager(graph) for graph in built.graphs}
    rehearse(made.config, {"weights/acoustic.safetensors": made.parts["acoustic"].tensors}, graphs)
    assert set(graphs) == {"encoder", "duration", "flow", "decoder"}
    assert all(graph.calls for graph in graphs.values())


def test_a_graph_that_cannot_be_taken_apart_is_kept_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = SimpleNamespace(net=None)
    monkeypatch.setattr(piper, "read_piper", lambda _: kept)
    monkeypatch.setattr("tingshuo.port.convert.piper_whole.whole_draft", lambda read, work: (read, work))
    assert draft(tmp_path) == (kept, piper.WORK)


def test_its_speakers_are_chosen_when_it_speaks(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="import it, then choose its speakers"):
        draft(tmp_path, "amy")
