"""Addresses of Redis: those that are none are refused, without telling the password."""

import sys

import pytest

from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.serve.redis_pool import open_pool, shown


@pytest.mark.parametrize("url", ["http://me:secret@host/0", "redis://me:secret@host:port/0"])
def test_what_is_no_address_is_refused_without_the_password(url):
    with pytest.raises(RequestError, match="is no address of Redis") as refused:
        open_pool(url, "counts", 4)
    assert "secret" not in str(refused.value)


def test_an_address_without_a_password_is_shown_whole():
    assert (shown("redis://host:1/0"), shown("redis://me:secret@host:1/0")) == ("redis://host:1/0", "host:1/0")


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(EngineNotInstalledError, match=r"counts in Redis need the redis extra: pip install 'tingshuo\[redis\]'"):
        open_pool("redis://host:1/0", "counts", 4)
