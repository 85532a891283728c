"""From what an operator says to a gate."""

import os
from collections.abc import Sequence
from pathlib import Path

from tingshuo.errors import RequestError
from tingshuo.serve.access.audit import AuditLog
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import default_path
from tingshuo.serve.access.limits import Limiter, parse_rates
from tingshuo.serve.access.networks import parse_networks
from tingshuo.serve.access.ring import KeyRing


def open_gate(
    *,
    keys: Path | None = None,
    rates: Sequence[str] = (),
    concurrency: int | None = None,
    networks: Sequence[str] = (),
    trusted_proxies: Sequence[str] = (),
    redis: str | None = None,
    audit: Path | None = None,
    audit_strict: bool = False,
) -> Gate:
    """Return a gate; `Gate.aclose` ends it.

    Parameters
    ----------
    keys : Path or None
        The file of keys, which has to be there; None is `default_path`, and no keys are asked for where that is not there.
    rates : sequence of str
        ``60/minute``: of keys without rates of their own, of addresses where no keys are asked for.
    concurrency : int or None
        Requests at the same time, likewise.
    networks, trusted_proxies : sequence of str
        Where requests may come from, and whose X-Forwarded-For is believed.
    redis : str or None
        Where rates are counted for several servers together.
    audit : Path or None
        The record of requests.
    audit_strict : bool
        Serve nothing that cannot be recorded.

    Raises
    ------
    RequestError
        A value is wrong.
    ConfigError
        The file of keys is not there or damaged.
    OutputError, RegistryError
        The record cannot be written, or another server writes to it.
    EngineNotInstalledError
        The ``redis`` extra is missing.
    """
    if concurrency is not None and concurrency < 1:
        raise RequestError(f"concurrency must be at least 1, got {concurrency}", "concurrency")
    if audit_strict and audit is None:
        raise RequestError("a strict record needs a file: --audit FILE", "audit")
    path = keys or default_path()
    return Gate(
        KeyRing(path) if keys is not None or os.path.lexists(path) else None,
        rates=parse_rates(rates),
        concurrency=concurrency,
        networks=parse_networks(networks, "allow_network"),
        trusted=parse_networks(trusted_proxies, "trusted_proxy"),
        limiter=Limiter(redis),
        audit=None if audit is None else AuditLog(audit, strict=audit_strict),
    )
