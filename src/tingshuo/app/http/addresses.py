"""Where a server listens."""

import socket

from tingshuo.errors import RequestError

BACKLOG = 1024
"""Connections that may wait to be taken in."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    RequestError
        The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends small writes at once (TCP_NODELAY) only on sockets that name it; without,
    # the body of a reply waits 40 ms for the client's acknowledgement of its headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RequestError(f"cannot listen on {host}:{port}: {reason}; choose another with --host and --port", "port") from error
    return listener


def tell_address(listener: socket.socket, *, secure: bool) -> None:
    """Print where a socket listens, for whoever started the server."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"Tingshuo listens on {'https' if secure else 'http'}://{shown}:{port}", flush=True)  # noqa: T201
