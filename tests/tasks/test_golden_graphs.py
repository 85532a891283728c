"""Graphs that are opened when they are asked for."""

import numpy as np
import pytest

from tingshuo.errors import RequestError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.golden_graphs import Heard, open_graphs
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(find_voice("default"))


def test_a_graph_is_opened_once_and_when_it_is_asked_for(bundle):
    graphs = open_graphs(bundle)
    assert set(graphs) == set(bundle.manifest.graphs)
    assert len(graphs) == len(bundle.manifest.graphs)
    assert not graphs.used
    assert graphs["pitch"] is graphs["pitch"]
    assert list(graphs.used) == ["pitch"]


def test_a_graph_without_the_precision_is_float32(bundle):
    whole, eighth = open_graphs(bundle), open_graphs(bundle, "int8")
    kinds = {name: {v.precision for v in entry.variants} for name, entry in bundle.manifest.graphs.items()}
    name = next(name for name, found in kinds.items() if "int8" in found)
    with np.load(bundle.file(f"golden/{name}.npz")) as stored:
        inputs = {key.removeprefix("input/"): stored[key] for key in stored.files if key.startswith("input/")}
    a, b = (graphs[name].run(inputs) for graphs in (whole, eighth))
    assert any(not np.array_equal(a[key], b[key]) for key in a)
    for name, found in kinds.items():
        if "int8" not in found:
            assert eighth[name].spec == whole[name].spec


def test_a_precision_that_no_graph_has_is_refused(bundle):
    with pytest.raises(RequestError, match=r"no graph of 'default' has the precision 'fp16'; it has: fp32, int8"):
        open_graphs(bundle, "fp16")


def test_ears_hear_every_call():
    class Doubles:
        def run(self, inputs):
            return {"y": 2 * inputs["x"]}

    heard = Heard(Doubles())
    assert [heard.run({"x": n})["y"] for n in (1, 2)] == [2, 4]
    assert (heard.inputs, heard.outputs) == ([{"x": 1}, {"x": 2}], [{"y": 2}, {"y": 4}])
