import dataclasses

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.graph import Graph  # noqa: E402

pytestmark = pytest.mark.train


def test_a_graph_is_a_frozen_record():
    graph = Graph("double", torch.nn.Identity(), {"x": torch.zeros(1, 2)}, {"x": {1: "F"}}, ("y",))
    assert graph.free["x"][1] == "F"
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.name = "other"
