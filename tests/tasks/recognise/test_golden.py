"""A recogniser answers to the folder of the original."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.originals import compare_original  # noqa: E402

from tingshuo.config.conformer import ConformerBundleConfig  # noqa: E402
from tingshuo.config.fbank import Cmvn, FbankConfig  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.graphs import graphs  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402
from tingshuo.store.manifest import GraphEntry, GraphVariant, TensorSpec  # noqa: E402
from tingshuo.tasks.golden_compare import Material, run_case  # noqa: E402
from tingshuo.tasks.golden_draws import Draws  # noqa: E402
from tingshuo.tasks.golden_folder import Case, Stored  # noqa: E402
from tingshuo.tasks.recognise.golden import NO_CHUNKS, NO_DECODER, NO_TEXTS, NOT_ASKED  # noqa: E402
from tingshuo.tasks.recognise.model import Recogniser  # noqa: E402

pytestmark = pytest.mark.train
INNER = {"embed", "pos", "layer0"}
TINY = ConformerConfig(
    units=7, features=20, dim=8, layers=2, heads=2, hidden=12, dynamic_chunk=True, decoder_layers=1, reverse_layers=1,
    decoder_heads=2, decoder_hidden=12,
)  # fmt: skip
SETTINGS = ConformerBundleConfig(
    family="conformer", fbank=FbankConfig(n_mels=20), cmvn=Cmvn((10.0,) * 20, (0.2,) * 20), units=tuple("_abcdef"), sos=6,
    eos=6, subsampling=4, context_frames=7, reverse_weight=0.3, architecture={},
)  # fmt: skip


def test_every_answer_is_the_original_s(golden):
    made, *_ = compare_original(golden, "wenet_u2pp_conformer", ["single", "batch"])
    assert not made.beyond
    assert not made.left
    assert {one.result for one in made.compared if one.where == "net"} == INNER
    assert len(made.compared) == 25


class Eager:
    """A graph of the family, run by torch."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, inputs):
        return reference_outputs(self.graph, inputs)


def opened(config):
    """Graphs of a tiny net, and what a bundle would tell of them."""
    torch.manual_seed(0)
    made, entries = graphs(Conformer(config).eval()), {}
    for graph in made:
        specs = {name: TensorSpec("float32", tuple(tensor.shape)) for name, tensor in graph.inputs.items()}
        entries[graph.name] = GraphEntry(specs, {}, (GraphVariant("onnx", "fp32", "a.onnx"),))
    return {graph.name: Eager(graph) for graph in made}, Material(SETTINGS, entries, lambda _: {})


@pytest.fixture(scope="module")
def tiny():
    return opened(TINY)


def case(given, stored=(), told=None, others=None):
    empty = {name: Stored(np.zeros((1, 3)), {"": 0.0}, "") for name in stored}
    return Case("a", given, empty, told or {}, Draws("a", given, None), others or {})


@pytest.fixture(scope="module")
def wav():
    return (0.1 * np.random.default_rng(0).standard_normal(16000)).astype(np.float32)


def test_answers_are_those_of_the_recogniser(tiny, wav):
    stored = ("ctc_top_ids", "ctc_first2", "chunk3", "prefix0", "prefix1", "rescored")
    made = run_case(*tiny, case({"wav": wav}, stored))
    recogniser = Recogniser(SETTINGS, tiny[0])
    best = recogniser.hear(wav, 2)[0]
    assert made["rescored"].tolist() == list(best.units)
    assert made["rescore"] == pytest.approx(best.score, rel=1e-5)
    assert made["feats"].shape == (98, 20)
    np.testing.assert_allclose(SETTINGS.cmvn.normalise(made["feats"]), recogniser.features(wav))
    assert made["encoder_out"].shape == made["chunk3"].shape == (23, 8)
    assert not np.allclose(made["encoder_out"], made["chunk3"], atol=1e-3)
    assert (made["mask"].all(), made["mask"].shape, made["ctc_first2"].shape) == (True, (23,), (2, 7))
    np.testing.assert_array_equal(made["ctc_top"][:2], -np.sort(-made["ctc_first2"], axis=1)[:, :3])
    assert {len(made["l2r"]), len(made["r2l"])} == {len(made["prefix0"]) + 1}
    assert {"prefix1", "prefix_scores", "greedy"} <= made.keys()
    heard = run_case(*tiny, case({"feats": made["feats"]}, stored))
    np.testing.assert_array_equal(heard["rescored"], made["rescored"])


def test_the_weight_of_ctc_is_told(tiny, wav):
    scores = [run_case(*tiny, case({"wav": wav}, ["prefix0"], {"ctc_weight": weight})) for weight in (0, 1)]
    assert scores[1]["rescore"] - scores[0]["rescore"] == pytest.approx(scores[0]["prefix_scores"][0], rel=1e-5)


def test_items_of_a_batch_end_where_they_end(tiny, wav):
    alone = run_case(*tiny, case({"wav": wav}))
    lengths = {"lengths": np.array([98, 40])}
    both = run_case(*tiny, case(lengths, ["ctc_top_ids"], others={"b": {"wav": wav}, "c": {"more": wav}}))
    assert both["mask"].sum(1).tolist() == [23, 9]
    np.testing.assert_allclose(both["encoder_out"][0], alone["encoder_out"], atol=1e-6)
    assert not both["encoder_out"][1, 9:].any()
    assert both["encoder_out"][1, :9].any()
    given = np.stack([alone["feats"], np.where(np.arange(98)[:, None] < 40, alone["feats"], 77)])
    padded = run_case(*tiny, case({"feats": given, **lengths}, ["ctc_top_ids"]))
    np.testing.assert_array_equal(padded["ctc_top"], both["ctc_top"])


def test_what_says_nothing_of_its_features_is_no_case_of_this_family(tiny, wav):
    lengths = {"lengths": np.array([98, 40])}
    for inputs, others in (
        ({"ids": wav}, {}), (lengths, {}), (lengths, {"b": {"wav": wav}, "c": {"wav": wav}}), ({"feats": wav}, {}),
    ):  # fmt: skip
        assert run_case(*tiny, case(inputs, others=others)) is None


def test_parts_that_a_net_has_not_say_so(wav):
    plain = opened(TINY.replace(decoder_layers=0, reverse_layers=0, dynamic_chunk=False))
    made = run_case(*plain, case({"wav": wav}, ["chunk3", "prefix0"]))
    assert made["chunk3"] == NO_CHUNKS
    assert {made[name] for name in ("rescored", "rescore", "l2r", "r2l")} == {NO_DECODER}
    one_way = run_case(*opened(TINY.replace(reverse_layers=0)), case({"wav": wav}, ["prefix0"]))
    assert one_way["r2l"] == NOT_ASKED
    assert isinstance(one_way["l2r"], np.ndarray)


def test_without_texts_nothing_is_judged(tiny, wav):
    assert run_case(*tiny, case({"wav": wav}))["rescored"] == NO_TEXTS
