"""Tell a server that was named by the user of an alarm: one small POST of JSON, without texts, audio or names of files."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from tingshuo.errors import OutputError, RequestError
from tingshuo.tasks.monitor.history import Round
from tingshuo.tasks.monitor.inputs import Drift

TIMEOUT_S = 10.0


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere but to the address that the user gave."""

    def redirect_request(self, *_: object) -> None:
        """Refuse a redirection, which becomes an error then."""


def check_webhook(url: str) -> str:
    """Return an address that can be told.

    Raises
    ------
    RequestError
        It is not http or https, or has no host.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RequestError("--webhook must be an address such as https://example.org/alarm", "webhook")
    return url


def send(url: str, event: Mapping[str, Any], timeout_s: float = TIMEOUT_S) -> None:
    """Post an event.

    Parameters
    ----------
    url : str
        From `check_webhook`.
    event : Mapping
        From `alarm_event`, `drift_event` or `failure_event`.
    timeout_s : float
        For each step of the connection.

    Raises
    ------
    OutputError
        Nobody took it; the message names the host alone, as the rest of an address is often a secret.
    """
    body = json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310  checked before
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=timeout_s):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise OutputError(f"the webhook at {urlsplit(url).hostname} answered {error.code}, so it may not know") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise OutputError(f"the webhook at {urlsplit(url).hostname} cannot be told: {reason}") from error


def alarm_event(one: Round) -> dict[str, Any]:
    """Return what is told of a round that raised an alarm."""
    origin = one.origin
    return {
        "event": "alarm",
        "voice": origin.voice,
        "version": origin.version,
        "digest": origin.digest,
        "at": one.at,
        "round": one.id,
        "machine": origin.machine,
        "figures": [
            {
                "name": figure.name,
                "value": figure.reading.value if figure.reading.n else None,
                "low": figure.band.low,
                "high": figure.band.high,
                "verdict": figure.verdict,
            }
            for figure in one.alarms
        ],
    }


def drift_event(voice: str, version: str, alarms: tuple[Drift, ...]) -> dict[str, Any]:
    """Return what is told of inputs that have moved."""
    quantities = [{"name": one.quantity, "psi": round(one.psi, 4), "ks": round(one.ks, 4), "p": one.p} for one in alarms]
    return {"event": "drift", "voice": voice, "version": version, "quantities": quantities}


def failure_event(voice: str, error: Exception) -> dict[str, Any]:
    """Return what is told of a round that failed: the kind of the error, as its words may name files or texts."""
    return {"event": "failed", "voice": voice, "error": type(error).__name__}
