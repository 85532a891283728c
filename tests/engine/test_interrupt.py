"""A graph that is being run is stopped from another thread, and runs again afterwards."""

import threading

import numpy as np
import pytest

from tingshuo.engine.interrupt import Interrupt, carried, current_options, uninterrupted
from tingshuo.errors import EngineError
from tingshuo.tasks.voices import load

MEL = {"mel": np.zeros((1, 100, 4000), np.float32), "f0": np.full((1, 4000), 200, np.float32)}


@pytest.fixture(scope="module")
def graph():
    return load("default").graphs["vocoder"]


def test_a_run_under_way_ends_with_an_error_and_the_next_is_whole(graph):
    interrupt, begun, ended = Interrupt(), threading.Event(), []

    def run() -> None:
        begun.set()
        with interrupt.covering():
            while not ended:  # one of the runs is the one that is under way
                try:
                    graph.run(MEL)
                except EngineError as error:
                    ended.append("terminate" in str(error))

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    interrupt.stop()
    thread.join(60)
    assert ended == [True]
    assert graph.run(MEL)["gain"].shape[1] == 4000


def test_nothing_begins_under_one_that_was_stopped_but_what_others_wait_for(graph):
    interrupt = Interrupt()
    interrupt.stop()
    with interrupt.covering():
        with pytest.raises(EngineError):
            graph.run(MEL)
        with uninterrupted():
            assert graph.run(MEL)
        with pytest.raises(EngineError):
            graph.run(MEL)
    assert current_options() is None
    assert graph.run(MEL)


def test_it_covers_its_own_thread_alone():
    seen = []
    with Interrupt().covering():
        thread = threading.Thread(target=lambda: seen.append(current_options()))
        thread.start()
        thread.join()
        assert current_options() is not None
    assert seen == [None]


def test_work_on_behalf_of_a_thread_stops_with_it(graph):
    interrupt, begun, ended = Interrupt(), threading.Event(), []

    def run() -> None:
        begun.set()
        while not ended:
            try:
                graph.run(MEL)
            except EngineError:
                ended.append(True)

    with interrupt.covering():
        thread = threading.Thread(target=carried(run))
    thread.start()
    begun.wait()
    interrupt.stop()
    thread.join(60)
    assert ended == [True]
