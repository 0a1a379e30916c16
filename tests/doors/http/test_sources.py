"""Where a request came from."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.doors.http.sources import client_ip, networks, source_of

PROXIES = networks(["10.0.0.0/8", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        pytest.param("198.51.100.7", ["203.0.113.9"], "198.51.100.7", id="nobody is believed but a trusted proxy"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="a trusted proxy that says nothing"),
        pytest.param("10.0.0.1", ["203.0.113.9"], "203.0.113.9", id="one proxy"),
        pytest.param("10.0.0.1", ["192.0.2.66, 203.0.113.9"], "203.0.113.9", id="a forged entry on the left"),
        pytest.param("10.0.0.1", ["192.0.2.66", "203.0.113.9"], "203.0.113.9", id="a forged field before"),
        pytest.param("10.0.0.1", ["192.0.2.66, 203.0.113.9, 10.0.0.2"], "203.0.113.9", id="two proxies"),
        pytest.param("10.0.0.1", ["203.0.113.9, 10.9.9.9, 10.0.0.2"], "203.0.113.9", id="past all trusted ones"),
        pytest.param("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", id="only trusted ones"),
        pytest.param("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1", id="a malformed entry ends the walk"),
        pytest.param("10.0.0.1", ["203.0.113.9:4711"], "10.0.0.1", id="a port is malformed"),
        pytest.param("10.0.0.1", ["203.0.113.9, x, 10.0.0.2"], "10.0.0.2", id="malformed behind a trusted one"),
        pytest.param("10.0.0.1", [""], "10.0.0.1", id="empty"),
        pytest.param("10.0.0.1", [", , ,"], "10.0.0.1", id="commas"),
        pytest.param("2001:db8:ffff::1", ["2001:db8::7"], "2001:db8::7", id="IPv6"),
        pytest.param("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9", id="a mapped peer is its IPv4"),
        pytest.param("10.0.0.1", [",".join(["10.0.0.2"] * 500 + ["x"])], "10.0.0.1", id="a long list"),
        pytest.param("", ["203.0.113.9"], "", id="a Unix socket"),
    ],
)
def test_the_client_is_read_from_the_right(peer: str, forwarded: list[str], client: str) -> None:
    assert client_ip(peer, forwarded, PROXIES) == client


def test_without_trusted_proxies_nothing_is_believed() -> None:
    assert client_ip("10.0.0.1", ["203.0.113.9"], ()) == "10.0.0.1"


@given(st.lists(st.text(max_size=60), max_size=4))
def test_what_a_stranger_sends_before_his_own_address_changes_nothing(forged: list[str]) -> None:
    """The proxy appends his address as the last entry of the last field; all before it is his to invent."""
    assert client_ip("10.0.0.1", [*forged, "203.0.113.9"], PROXIES) == "203.0.113.9"
    assert client_ip("10.0.0.1", [",".join([*forged, "203.0.113.9"])], PROXIES) == "203.0.113.9"


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_any_field_gives_the_peer_or_an_address(peer: str, forwarded: list[str]) -> None:
    found = client_ip(peer, forwarded, PROXIES)
    assert found == peer or ipaddress.ip_address(found)


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("198.51.100.7", ("198.51.100.0/24",)),
        ("::ffff:198.51.100.7", ("198.51.100.0/24",)),
        ("2001:db8:1:2::3", ("2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/56", "fe80::/48")),
    ],
)
def test_a_client_is_counted_under_its_networks(ip: str, counted: tuple[str, ...]) -> None:
    assert source_of(ip).networks == counted


@pytest.mark.parametrize("ip", ["", "localhost", "1.2.3", "1.2.3.4/24", "1.2.3.04", "x" * 5000])
def test_what_is_no_address_is_refused(ip: str) -> None:
    with pytest.raises(ValueError, match="address"):
        source_of(ip)


def test_networks_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="network"):
        networks(["10.0.0.0/33"])
