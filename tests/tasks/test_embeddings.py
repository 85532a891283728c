"""Vectors are made once for what was given, also by many threads, and make room for others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tingshuo.tasks.embeddings import Embeddings, Figures


def vector(value, size=4):
    return np.full((1, size), value, np.float32)


class Far:
    """A further place, in memory."""

    def __init__(self):
        self.kept, self.asked = {}, []

    def get(self, key):
        self.asked.append(key)
        return self.kept.get(key)

    def put(self, key, given):
        self.kept[key] = given.copy()


def test_the_same_content_is_made_once_and_cannot_be_changed():
    embeddings, made = Embeddings(), []
    for _ in range(3):
        found = embeddings.get(b"a", lambda: made.append(1) or vector(1))
    assert (len(made), embeddings.figures) == (1, Figures(2, 1, 0, 16))
    assert np.array_equal(found, vector(1))
    assert np.array_equal(embeddings.get(b"b", lambda: vector(2)), vector(2))
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 5


def test_what_was_not_asked_for_the_longest_makes_room():
    embeddings = Embeddings(budget_bytes=40)
    for content in (b"a", b"b", b"a", b"c"):
        embeddings.get(content, lambda: vector(0))
    assert embeddings.figures == Figures(1, 3, 1, 32)
    made = []
    for content in (b"a", b"c", b"b"):
        embeddings.get(content, lambda content=content: made.append(content) or vector(0))
    assert made == [b"b"]
    assert embeddings.get(b"large", lambda: vector(0, 100)).shape == (1, 100)
    assert embeddings.figures.n_bytes == 400


def test_threads_that_want_the_same_wait_for_one_of_them():
    embeddings, made, begun, go = Embeddings(), [], threading.Event(), threading.Event()

    def make():
        made.append(1)
        begun.set()
        go.wait(20)
        return vector(1)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(embeddings.get, b"a", make) for _ in range(8)]
        assert begun.wait(20)
        assert np.array_equal(embeddings.get(b"b", lambda: vector(2)), vector(2)), "others do not wait"
        go.set()
        assert all(np.array_equal(one.result(20), vector(1)) for one in asked)
    assert len(made) == 1


def test_an_error_is_of_all_who_wait_and_the_next_tries_again():
    embeddings = Embeddings()

    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        embeddings.get(b"a", fail)
    assert np.array_equal(embeddings.get(b"a", lambda: vector(1)), vector(1))


def test_a_further_place_is_asked_before_and_given_what_was_made():
    far, made = Far(), []
    one, other = Embeddings(), Embeddings()
    one.further = other.further = far
    for embeddings in (one, one, other, other):
        assert np.array_equal(embeddings.get(b"a", lambda: made.append(1) or vector(1)), vector(1))
    assert (len(made), len(far.asked), len(far.kept)) == (1, 2, 1)
