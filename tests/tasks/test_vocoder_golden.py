"""Vocoders answer to the folders of the originals."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.originals import GOLDEN, compare_original  # noqa: E402

from tingshuo.config import FrameConfig  # noqa: E402
from tingshuo.models.kan_hifigan.graphs import graphs  # noqa: E402
from tingshuo.models.kan_hifigan.net import KanHiFiGan  # noqa: E402
from tingshuo.port.importers.sambert import read_vocoder  # noqa: E402
from tingshuo.port.importers.sambert_files import Part, read_yaml  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402
from tingshuo.store.manifest import GraphEntry, GraphVariant, TensorSpec  # noqa: E402
from tingshuo.tasks.golden_compare import Material, compare_graphs  # noqa: E402
from tingshuo.tasks.golden_folder import read_folder  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("checkpoint", "of", "cases", "borders"),
    [
        ("hifigan_v2", None, ["smooth"], {"wav"}),
        ("sambert_16k", "kan_hifigan_16k", ["smooth"], {"wav"}),
        ("vocos_mel_24khz", None, ["copy", "decode"], {"features", "out.head", "out.tail", "audio"}),
    ],
)
def test_every_answer_is_the_original_s(golden, checkpoint, of, cases, borders):
    made, *_ = compare_original(golden, checkpoint, cases, of)
    assert not made.beyond
    assert not made.left
    assert {one.result for one in made.compared if one.where == "graph"} == borders


class Eager:
    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        return reference_outputs(self.graph, inputs)


@pytest.fixture(scope="module")
def with_source(golden):
    """The vocoder with a harmonic source: its graph and what a bundle would tell of it."""
    folder = golden("kan_hifigan_nsf_16k").files / "voices/F7/voc"
    read = read_vocoder(Part(folder, folder / "ckpt/checkpoint_2400000.pth", read_yaml(folder / "config.yaml")))
    (graph,) = graphs(read.fill(KanHiFiGan(read.config)))
    inputs = {"mel": TensorSpec("float32", (1, 80, "F")), "sines": TensorSpec("float32", (1, 8, "F", 200))}
    entry = GraphEntry(inputs, {}, (GraphVariant("onnx", "fp32", "vocoder.onnx"),))

    class Settings:
        family, frames = "vocoder", FrameConfig(16000, 200)

    return {"vocoder": Eager(graph)}, Material(Settings(), {"vocoder": entry}, lambda _: {})


def test_a_source_is_driven_by_the_draws_of_the_case(with_source):
    folder = read_folder(GOLDEN / "kan_hifigan_nsf_16k")
    sung = type(folder)(Path("nsf"), "nsf", tuple(case for case in folder.cases if case.name != "denorm"))
    made = compare_graphs(*with_source, sung)
    assert [(one.case, one.result, one.ok) for one in made.compared] == [("silent", "wav", True), ("noisy", "wav", True)]
    assert "silent.excitation.head" in made.left


def test_other_bands_are_of_another_family(with_source, golden):
    from tingshuo.errors import RequestError

    foreign = read_folder(GOLDEN / "vocos_mel_24khz")
    with pytest.raises(RequestError, match="which a bundle of the family vocoder does not read"):
        compare_graphs(*with_source, foreign)
    assert np.isfinite(foreign.cases[0].stored["audio"].value).all()
