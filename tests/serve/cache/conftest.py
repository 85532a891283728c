"""A clock that is set by hand, a Redis of our own, and finished audio."""

import pytest
from tests.serve.access.conftest import Clock, clock
from tests.serve.access.conftest import redis as rates_redis

from tingshuo.serve.cache import redis_link

__all__ = ["Clock", "clock", "rates_redis"]


@pytest.fixture
def redis(rates_redis, monkeypatch):
    """Redis, running. It is waited for longer than a server would: this machine may be busy."""
    for name in ("TIMEOUT_S", "BODY_TIMEOUT_S"):
        monkeypatch.setattr(redis_link, name, 60.0)
    return rates_redis
