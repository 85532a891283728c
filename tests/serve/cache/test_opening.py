"""A store as an operator wants it."""

import asyncio
from pathlib import Path

import pytest

from tingshuo.errors import OutputError, RequestError
from tingshuo.serve.cache.opening import CacheOptions, open_results


def test_what_is_left_out_is_as_without_options():
    results = open_results(CacheOptions())
    assert (results.limit_bytes, results.ttl_s, results.link) == (256 << 20, 3600.0, None)
    results.close()


def test_a_folder_a_budget_and_a_time(tmp_path):
    pytest.importorskip("redis")
    results = open_results(CacheOptions(tmp_path / "cache", 5, 60, "redis://127.0.0.1:1/0"))
    assert (results.limit_bytes, results.ttl_s, results.link is None) == (5 << 20, 60, False)
    assert results.path("x", "wav").is_relative_to(tmp_path / "cache")
    asyncio.run(results.aclose())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"megabytes": 0}, "cache_mb must be at least 1"),
        ({"ttl_s": 0.5}, "cache_ttl must be 1 to 2.592e\\+06 seconds, got 0.5"),
        ({"ttl_s": float("nan")}, "cache_ttl must be"),
        ({"folder": Path(__file__)}, "is no folder; give one for --cache-dir"),
    ],
)
def test_what_no_store_can_have_is_one_sentence(options, message):
    with pytest.raises(RequestError, match=message):
        CacheOptions(**options)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "audio-1").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be used for what is kept"):
        open_results(CacheOptions(tmp_path))
