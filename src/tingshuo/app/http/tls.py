"""TLS by files: a certificate and its key, checked before the server starts, with a sentence for each thing that is wrong."""

import ssl
import time
from calendar import timegm
from pathlib import Path
from typing import Any

from tingshuo.errors import RequestError

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""UTCTime until 2049 and GeneralizedTime from then on."""
_BEFORE_VALIDITY = 3
"""Serial number, signature algorithm and issuer stand before the validity (RFC 5280, section 4.1)."""


def server_options(cert: Path | None, key: Path | None, now_s: float | None = None) -> dict[str, Any]:
    """Return what `uvicorn.Config` is to be given.

    Parameters
    ----------
    cert, key : Path or None
        PEM: the certificate with those that vouch for it behind it, and its key without a password. Neither: no TLS.
    now_s : float or None
        Seconds since 1970; None is now.

    Returns
    -------
    dict
        Also that uvicorn leaves forwarded headers alone: it believes those of every program on this machine, and
        `tingshuo.serve.access.networks` reads them better.

    Raises
    ------
    RequestError
        One is missing, cannot be read, is no PEM, does not fit the other, is not valid yet or no longer.
    """
    options: dict[str, Any] = {"proxy_headers": False}
    if cert is None and key is None:
        return options
    if cert is None or key is None:
        raise RequestError(
            "TLS needs both files: --tls-cert CERTIFICATE and --tls-key KEY", "tls_cert" if cert is None else "tls_key"
        )
    text = _read(cert, "tls_cert", "certificate", "CERTIFICATE")
    _read(key, "tls_key", "key", "PRIVATE KEY")
    _check_pair(cert, key)
    begins, ends = validity(text, str(cert))
    now = time.time() if now_s is None else now_s
    if now > ends:
        raise RequestError(f"{cert}: the certificate ended on {_day(ends)}; renew it", "tls_cert")
    if now < begins:
        raise RequestError(f"{cert}: the certificate begins on {_day(begins)}; check the clock of this machine", "tls_cert")
    return options | {"ssl_certfile": str(cert), "ssl_keyfile": str(key)}


def validity(pem: str, label: str) -> tuple[int, int]:
    """Return from when to when the first certificate of a PEM text is valid, in seconds since 1970.

    Raises
    ------
    RequestError
        It is no certificate; ``label`` names it.
    """
    try:
        end = "-----END CERTIFICATE-----"
        start = pem.index("-----BEGIN CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(pem[start : pem.index(end, start) + len(end)])
        body = _value(_value(der, _SEQUENCE)[0], _SEQUENCE)[0]
        if body[0] == _CONTEXT_0:
            body = _value(body, _CONTEXT_0)[1]
        for _ in range(_BEFORE_VALIDITY):
            body = _value(body, body[0])[1]
        times = _value(body, _SEQUENCE)[0]
        begins, rest = _time(times)
        return begins, _time(rest)[0]
    except (ValueError, LookupError) as error:
        raise RequestError(f"{label}: holds no certificate that can be read", "tls_cert") from error


def _read(path: Path, param: str, what: str, marker: str) -> str:
    try:
        text = path.read_text("ascii", "replace")
    except (OSError, ValueError) as error:
        raise RequestError(f"{path}: the {what} cannot be read: {getattr(error, 'strerror', None) or error}", param) from error
    if f"{marker}-----" not in text:
        raise RequestError(f"{path}: is no {what} in PEM; it begins with -----BEGIN {marker}-----", param)
    if marker == "PRIVATE KEY" and "ENCRYPTED" in text:
        raise RequestError(f"{path}: the key has a password; take it off with: openssl pkey -in FILE -out NEW", param)
    return text


def _check_pair(cert: Path, key: Path) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise RequestError(f"{key}: is not the key of the certificate {cert}", "tls_key") from error
        reason = (error.reason or str(error)).lower().replace("_", " ")
        raise RequestError(f"{cert} and {key}: cannot be used: {reason}", "tls_cert") from error


def _value(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return what an element of DER holds, and what comes after it (X.690)."""
    if der[0] != tag:
        raise ValueError(f"tag {der[0]:#x} where {tag:#x} belongs")
    size, start = der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start], "big")
    if start + size > len(der):
        raise ValueError("cut short")
    return der[start : start + size], der[start + size :]


def _time(der: bytes) -> tuple[int, bytes]:
    text, rest = _value(der, der[0])
    return timegm(time.strptime(text.decode("ascii"), _TIMES[der[0]])), rest


def _day(time_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time_s))
