"""Where a request comes from, and whether that is allowed.

The address is that of the connection. What a header says counts only when a proxy that is trusted by its address wrote it: the
chain is read from its end, where our own proxies write, and the first address that is no trusted proxy's is the client.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tingshuo.errors import RequestError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""How a connection without an address is called, as that over a Unix socket."""
MAX_CHAIN = 2048
"""Characters of X-Forwarded-For that are read, from its end."""
_SUBNET_BITS = 64


def parse_networks(texts: Iterable[str], param: str = "network") -> tuple[Network, ...]:
    """Return networks: ``10.0.0.0/8``, ``2001:db8::/32``, or one address.

    Raises
    ------
    RequestError
        One is neither.
    """
    return tuple(_network(text, param) for text in texts)


def _network(text: str, param: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        message = f"{text!r} is no network; give an address or CIDR such as 10.0.0.0/8 or 2001:db8::/32"
        raise RequestError(message, param) from None


def parse_address(text: str) -> Address | None:
    """Return an address, an IPv4 one also when it is written as IPv6; None when it is none."""
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; what has no address lies in none."""
    return address is not None and any(address in network for network in networks)


def client_address(peer: str | None, forwarded: str, trusted: Sequence[Network]) -> Address | None:
    """Return the address of who asks.

    Parameters
    ----------
    peer : str or None
        Of the connection.
    forwarded : str
        X-Forwarded-For: each proxy adds the address that it was asked from at the end.
    trusted : sequence of networks
        Of our own proxies; without any the header means nothing.
    """
    address = parse_address(peer or "")
    for part in reversed(forwarded[-MAX_CHAIN:].split(",") if forwarded else []):
        if not within(address, trusted):
            break
        named = parse_address(_without_port(part.strip()))
        if named is None:
            break
        address = named
    return address


def limited_as(address: Address | None) -> str:
    """Return what requests of an address are counted under; an IPv6 client has a whole /64 and can ask from all of it."""
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> _SUBNET_BITS << _SUBNET_BITS, _SUBNET_BITS)))
    return str(address)


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
