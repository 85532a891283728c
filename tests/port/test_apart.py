import os

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.engine.embed import embed
from tingshuo.errors import TingshuoError
from tingshuo.port.apart import open_and_run, outlives

pytestmark = pytest.mark.train


def test_a_process_that_dies_is_told_from_one_that_lives():
    assert not outlives(os.abort)
    assert outlives(len, "here")


def test_a_graph_is_opened_and_run_and_what_is_said_against_it_is_left_to_others(monkeypatch):
    one, ran = stack(), []

    class Session:
        def run(self, inputs):
            ran.append(sorted(inputs))
            raise TingshuoError("no")

    def load(engine):
        return lambda path, tensors, **options: ran.append((engine, path.read_bytes() == model, options)) or Session()

    model = embed(one.model.SerializeToString(), one.tensors)
    monkeypatch.setattr("tingshuo.port.apart.ENGINES.load", load)
    open_and_run("openvino", {"precision": "bf16"}, model, frames())
    assert ran == [("openvino", True, {"precision": "bf16"}), ["x"]]


def test_an_engine_gets_all_that_it_needs():
    one = stack()
    model = embed(one.model.SerializeToString(), one.tensors)
    assert outlives(open_and_run, "onnx", {}, model, {"x": np.zeros((1, 4, 9), np.float32)})
