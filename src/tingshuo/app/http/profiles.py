"""Settings of a server for its four usual places; what the operator says himself counts more (docs/scenarios.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tingshuo.errors import RequestError

PROFILES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # Many strangers, much the same texts: every core, a large cache, and a queue that is not refused too early.
        "cloud": {"workers": 0, "max_wait": 10.0, "cache_mb": 4096, "cache_ttl": 86400.0},
        # Lines of characters, said again and again: at once or not at all, and kept for long.
        "game": {"workers": 1, "max_wait": 1.0, "cache_mb": 1024, "cache_ttl": 7 * 86400.0},
        # Somebody listens while it is made and may be interrupted: even pieces, and little that is thrown away.
        "live": {"workers": 1, "max_wait": 2.0, "lead": 3.0, "chunk": 0.1, "cache_mb": 64},
        # One device, few requests: all cores for the one that is being served, little memory, patience.
        "edge": {"workers": 1, "threads": 1, "graph_threads": 0, "max_wait": 60.0, "voice_memory_mb": 300, "cache_mb": 32},
    }
)


def with_profile(name: str | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that were said, and those of a profile where nothing was.

    Parameters
    ----------
    name : str or None
        One of `PROFILES`; None adds nothing.
    said : mapping
        By the names of `tingshuo.app.http.settings.Settings`; None is what was not said.

    Raises
    ------
    RequestError
        No such profile; the message lists them.
    """
    if name is not None and name not in PROFILES:
        raise RequestError(f"unknown profile {name[:40]!r}; accepted: {', '.join(PROFILES)}", "profile")
    found = {} if name is None else dict(PROFILES[name])
    return found | {key: value for key, value in said.items() if value is not None}
