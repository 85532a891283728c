import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.bert.config import BertConfig  # noqa: E402
from tingshuo.models.bert.graphs import graphs  # noqa: E402
from tingshuo.models.bert.net import Bert  # noqa: E402

pytestmark = pytest.mark.train


def test_pieces_go_in_and_a_prompt_comes_out():
    (graph,) = graphs(Bert(BertConfig(vocabulary=11, dim=8, layers=1, heads=2, hidden=12, positions=9)))
    assert (graph.name, list(graph.inputs), graph.outputs) == ("prompt", ["piece_ids"], ("prompt",))
    assert graph.free == {"piece_ids": {1: "N"}}
    assert graph.module(*graph.inputs.values()).shape == (1, 8)
