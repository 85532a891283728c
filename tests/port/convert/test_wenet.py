"""A recogniser of WeNet as a bundle: heard whole and in chunks, and named for what it cannot do yet."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")
pytest.importorskip("onnx")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.convert.rehearsals import rehearse  # noqa: E402
from tingshuo.port.convert.wenet import draft  # noqa: E402
from tingshuo.port.families import build_nets, fill  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402
from tingshuo.tasks.recognise.model import Recogniser  # noqa: E402
from tingshuo.types import GraphSpec  # noqa: E402

pytestmark = pytest.mark.train


class Eager:
    """A graph that is its torch module; notes that it was used."""

    def __init__(self, graph: Any, dim: int) -> None:
        self.graph, self.calls = graph, 0
        shapes = {name: tuple(tensor.shape) for name, tensor in graph.inputs.items()}
        self.spec = GraphSpec({name: ("", shape) for name, shape in shapes.items()}, {"encoded": ("", (1, "N", dim))})

    def run(self, inputs: Any) -> dict[str, Any]:
        self.calls += 1
        return reference_outputs(self.graph, inputs)


def test_a_draft_is_rehearsed_by_every_graph_and_hears_as_the_original(golden: Any) -> None:
    fixture = golden("wenet_u2pp_conformer")
    made = draft(fixture.files)
    assert (made.task, made.config.family, made.config.sample_rate) == ("asr", "conformer", 16000)
    (built,) = build_nets(made.config.architecture)  # type: ignore[attr-defined]
    fill(built, made.parts["recogniser"].tensors)
    graphs = {graph.name: Eager(graph, 256) for graph in built.graphs}
    rehearse(made.config, {}, graphs)
    assert set(graphs) == {"encoder", "encoder_chunk", "ctc", "decoder", "reverse_decoder"}
    assert all(graph.calls for graph in graphs.values())
    best = Recogniser(made.config, graphs).hear(fixture.arrays["single.in.wav"], 5)[0]  # type: ignore[arg-type]
    assert list(best.units) == fixture.arrays["single.rescored"].tolist()


def test_a_recogniser_has_no_voices(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="has no voices"):
        draft(tmp_path, "F7")
    with pytest.raises(PortError):
        draft(tmp_path)
