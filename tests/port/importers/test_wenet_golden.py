"""WeNet's U2++ answers as the original does, stage by stage, from the files that the original would have written.

The tolerances are those of the fixture: ten times what single precision costs the original itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

from tingshuo.audio.fbank import fbank  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.graphs import graphs  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402
from tingshuo.models.layers.transformer import sinusoids  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.importers.wenet import Recogniser, read_recogniser  # noqa: E402
from tingshuo.port.importers.wenet_files import find_model  # noqa: E402
from tingshuo.port.importers.wenet_settings import Marks  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402
from tingshuo.tasks.recognise.search import Judge, greedy, prefix_beam, rescore  # noqa: E402
from tingshuo.tasks.recognise.stream import EncoderStream  # noqa: E402
from tingshuo.types import GraphSpec  # noqa: E402

pytestmark = pytest.mark.train
Original = tuple[Any, Recogniser, Conformer]


class Eager:
    """A graph that is its torch module."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        shapes = {name: tuple(tensor.shape) for name, tensor in graph.inputs.items()}
        self.spec = GraphSpec({name: ("", shape) for name, shape in shapes.items()}, {"encoded": ("", (1, "N", 256))})

    def run(self, inputs: Any) -> dict[str, Any]:
        return reference_outputs(self.graph, inputs)


@pytest.fixture(scope="module")
def original(golden: Callable[..., Any]) -> Original:
    """Return the fixture, its recogniser as imported from the rebuilt files, and the net."""
    fixture = golden("wenet_u2pp_conformer")
    recogniser = read_recogniser(find_model(fixture.files))
    return fixture, recogniser, recogniser.net()


def features_of(original: Original) -> Any:
    fixture, recogniser, _ = original
    assert recogniser.cmvn is not None
    return recogniser.cmvn.normalise(fbank(fixture.arrays["single.in.wav"], recogniser.fbank))[None]


def answer(fixture: Any, run: Callable[[str, dict[str, Any]], dict[str, Any]], features: Any) -> None:
    """Go from features to the three searches by graphs, and compare all that the fixture stores of it."""
    encoded = run("encoder", {"features": features})["encoded"]
    fixture.check("single.encoder_out", encoded[0])
    log_probs = run("ctc", {"encoded": encoded})["log_probs"][0]
    fixture.check("single.ctc_first2", log_probs[:2])
    best = np.argsort(-log_probs, axis=1)[:, :6]
    fixture.check("single.ctc_top_ids", best)
    fixture.check("single.ctc_top", np.take_along_axis(log_probs, best, 1))
    fixture.check("single.greedy", greedy(log_probs).units)
    found = prefix_beam(log_probs, beam=5)
    for n, hypothesis in enumerate(found):
        fixture.check(f"single.prefix{n}", hypothesis.units)
    fixture.check("single.prefix_scores", [hypothesis.score for hypothesis in found])
    judged = {}

    def judge(name: str) -> Judge:
        def ask(before: Any, units: Any) -> Any:
            judged[name] = run(name, {"encoded": encoded, "before": before, "units": units})["log_probs"]
            return judged[name]

        return ask

    best_text = rescore(found, 2, 2, judge("decoder"), judge("reverse_decoder"), ctc_weight=0.5, reverse_weight=0.3)[0]
    fixture.check("single.rescored", best_text.units)
    fixture.check("single.rescore", best_text.score)
    n = len(found[0].units) + 1
    fixture.check("single.l2r", judged["decoder"][0, :n])
    fixture.check("single.r2l", judged["reverse_decoder"][0, :n])


def test_the_files_are_read_whole(original: Original) -> None:
    _, recogniser, _ = original
    assert recogniser.config == ConformerConfig(units=4233, dynamic_chunk=True)
    assert (recogniser.marks, recogniser.reverse_weight, len(recogniser.units)) == (Marks(0, 2, 2), 0.3, 4233)
    assert recogniser.fitted.report.n_used == 536
    assert len(recogniser.fitted.report.left_out) == 5


@torch.inference_mode()
def test_every_stage_answers_as_the_original(original: Original) -> None:
    fixture, recogniser, net = original
    fixture.check("single.feats", fbank(fixture.arrays["single.in.wav"], recogniser.fbank))
    seen: list[Any] = []
    hook = net.encoder.blocks[0].register_forward_hook(lambda _, inputs, output: seen.extend([*inputs[:2], output[0]]))
    features = features_of(original)
    run = {graph.name: Eager(graph) for graph in graphs(net)}
    answer(fixture, lambda name, inputs: run[name].run(inputs), features)
    hook.remove()
    fixture.check("single.embed", seen[0][0])
    fixture.check("single.pos", seen[1])
    fixture.check("single.layer0", seen[2][0])
    assert torch.equal(seen[1], sinusoids(torch.arange(41), 256))


@torch.inference_mode()
def test_chunks_answer_as_the_original(original: Original) -> None:
    fixture, _, net = original
    features = features_of(original)
    fixture.check("single.chunk16", net.encoder(torch.from_numpy(features), chunk=16)[0])
    (graph,) = (graph for graph in graphs(net) if graph.name == "encoder_chunk")
    stream = EncoderStream(Eager(graph), 4, 7, chunk=16)
    made = [stream.feed(features[0, begin : begin + 50]) for begin in range(0, 168, 50)]
    fixture.check("single.chunk16", np.concatenate([*made, stream.finish()]))


@torch.inference_mode()
def test_a_padded_batch_answers_as_the_original(original: Original) -> None:
    fixture, recogniser, net = original
    lengths = fixture.arrays["batch.in.lengths"].astype(np.int64)
    features = np.repeat(features_of(original), 2, 0)
    features[1, lengths[1] :] = 9
    valid = np.arange(41) < np.array([[recogniser.config.encoded_frames(length)] for length in lengths])
    fixture.check("batch.mask", valid)
    fixture.check("single.mask", valid[0])
    encoded = net.encoder(torch.from_numpy(features), torch.from_numpy(lengths))
    fixture.check("batch.encoder_out", encoded.numpy() * valid[..., None])
    values, ids = net.classify(encoded).topk(6)
    fixture.check("batch.ctc_top_ids", ids.numpy() * valid[..., None])
    fixture.check("batch.ctc_top", values.numpy() * valid[..., None])


@pytest.mark.slow
def test_graphs_of_full_size_answer_as_the_original(original: Original) -> None:
    fixture, _, net = original
    tensors = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    run = {graph.name: open_model(export_graph(graph, half=False), tensors) for graph in graphs(net)}
    features = features_of(original)
    answer(fixture, lambda name, inputs: run[name].run(inputs), features)
    stream = EncoderStream(run["encoder_chunk"], 4, 7, chunk=16)
    fixture.check("single.chunk16", np.concatenate([stream.feed(features[0]), stream.finish()]))
