"""A graph that is opened when it is first run, once, whoever asks."""

import threading

import numpy as np
import pytest

from tingshuo.engine.later import Later
from tingshuo.errors import EngineError


class Graph:
    spec = "its spec"

    def run(self, inputs):
        return {"y": 2 * inputs["x"]}


def test_it_is_opened_by_the_first_run_and_once():
    opened, gate = [], threading.Event()

    def open() -> Graph:
        gate.wait(20)
        opened.append(1)
        return Graph()

    graph, found = Later(open), []
    assert not graph.is_open
    threads = [threading.Thread(target=lambda n=n: found.append(graph.run({"x": np.float32(n)})["y"])) for n in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(20)
    assert (sorted(found), len(opened), graph.is_open) == ([0, 2, 4, 6], 1, True)


def test_what_could_not_be_opened_is_tried_again():
    tries = []

    def open() -> Graph:
        tries.append(1)
        if len(tries) == 1:
            raise EngineError("the file is away")
        return Graph()

    graph = Later(open)
    with pytest.raises(EngineError, match="away"):
        graph.run({"x": np.float32(1)})
    assert graph.run({"x": np.float32(1)})["y"] == 2


def test_who_asks_what_it_is_opens_it():
    graph = Later(Graph)
    assert (graph.spec, graph.is_open) == ("its spec", True)
