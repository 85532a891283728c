"""Addresses, networks, and chains of proxies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import RequestError
from tingshuo.serve.access.networks import client_address, limited_as, parse_address, parse_networks, within

PROXIES = parse_networks(["10.0.0.0/8", "::1"])


def test_networks_are_read():
    assert [str(one) for one in parse_networks(["192.168.1.7", "10.1.2.3/8", "2001:db8::1/32"])] == [
        "192.168.1.7/32",
        "10.0.0.0/8",
        "2001:db8::/32",
    ]
    for wrong in ("", "home", "10.0.0.0/33", "10.0.0", "1.2.3.4/255.0.0.1"):
        with pytest.raises(RequestError, match="is no network; give an address or CIDR"):
            parse_networks([wrong])


def test_an_address_lies_in_a_network_however_it_is_written():
    networks = parse_networks(["192.168.0.0/16"])
    assert within(parse_address("192.168.3.4"), networks)
    assert within(parse_address("::ffff:192.168.3.4"), networks)
    assert not within(parse_address("192.169.0.1"), networks)
    assert not within(parse_address("fe80::1%eth0"), networks)
    assert not within(None, networks)


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # who asks is no proxy of ours: what it says means nothing
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the client wrote the first part itself
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", ",,,", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (None, "198.51.100.1", "None"),
        ("@unix", "198.51.100.1", "None"),
    ],
)
def test_a_header_counts_only_from_a_trusted_proxy(peer, header, client):
    assert str(client_address(peer, header, PROXIES)) == client


@settings(deadline=None)
@given(st.none() | st.text(max_size=50), st.text(max_size=200))
def test_no_address_and_no_header_is_an_error(peer, header):
    assert limited_as(client_address(peer, header, PROXIES))
    assert client_address(peer, header, ()) == parse_address(peer or "")


def test_without_trusted_proxies_the_header_means_nothing():
    assert str(client_address("10.0.0.1", "198.51.100.1", ())) == "10.0.0.1"


def test_a_chain_without_end_is_read_from_its_end():
    assert str(client_address("10.0.0.1", "1.1.1.1," * 100_000 + "198.51.100.1", PROXIES)) == "198.51.100.1"
    assert str(client_address("10.0.0.1", "10.0.0.9," * 100_000 + "10.0.0.1", PROXIES)).startswith("10.0.0.")


def test_a_whole_subnet_of_ipv6_is_one_client():
    assert (
        limited_as(parse_address("2001:db8:1:2::5")) == limited_as(parse_address("2001:db8:1:2:ffff::9")) == "2001:db8:1:2::/64"
    )
    assert limited_as(parse_address("192.0.2.1")) == "192.0.2.1"
    assert limited_as(None) == "unknown"
