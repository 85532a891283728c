"""Numbers of a cache begin with nothing."""

from tingshuo.serve.cache.counts import Counts


def test_they_begin_with_nothing():
    assert Counts() == Counts(hits=0, misses=0, evictions=0, n_bytes=0)
