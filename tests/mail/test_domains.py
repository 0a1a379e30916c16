"""Organizational domains, tenants, free mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.domains import is_free_mail, is_public_suffix, organization


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        pytest.param("example.org", "example.org", id="itself"),
        pytest.param("MAIL.Example.Org.", "example.org", id="case and root dot"),
        pytest.param("a.b.example.co.uk", "example.co.uk", id="two-label suffix"),
        pytest.param("acme.github.io", "acme.github.io", id="private section"),
        pytest.param("acme.zendesk.com", "acme.zendesk.com", id="tenant"),
        pytest.param("mail.acme.zendesk.com", "acme.zendesk.com", id="below a tenant"),
        pytest.param("zendesk.com", "zendesk.com", id="the platform itself"),
        pytest.param("acme.my.salesforce.com", "acme.my.salesforce.com", id="tenant below two labels"),
        pytest.param("co.uk", "co.uk", id="public suffix"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="A-label"),
        pytest.param("192.0.2.1", "192.0.2.1", id="IPv4"),
        pytest.param("[192.0.2.1]", "[192.0.2.1]", id="IPv4 literal"),
        pytest.param("2001:db8::1", "2001:db8::1", id="IPv6"),
        pytest.param("[IPv6:2001:db8::1]", "[ipv6:2001:db8::1]", id="IPv6 literal"),
        pytest.param("", "", id="nothing"),
        pytest.param(".", "", id="dot"),
        pytest.param("a..b", "a..b", id="empty label"),
        pytest.param("localhost", "localhost", id="one label"),
    ],
)
def test_the_organizational_domain(domain: str, expected: str) -> None:
    assert organization(domain) == expected


@given(st.text(max_size=400))
def test_junk_has_an_organization_too_and_it_is_bounded(domain: str) -> None:
    found = organization(domain)
    assert len(found) <= 253 * 3  # lower-casing may lengthen a character outside ASCII
    is_free_mail(domain)
    is_public_suffix(domain)


@given(st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}){0,4}", fullmatch=True))
def test_an_organization_is_its_own_organization_and_a_suffix_of_its_domains(domain: str) -> None:
    found = organization(domain)
    assert organization(found) == found
    assert f".{domain}".endswith(f".{found}")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        pytest.param("gmail.com", True, id="gmail"),
        pytest.param("GMAIL.com", True, id="case"),
        pytest.param("googlemail.com", True, id="alias"),
        pytest.param("proton.me", True, id="proton"),
        pytest.param("example.org", False, id="own domain"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_free_mail_providers_are_known(domain: str, expected: bool) -> None:
    assert is_free_mail(domain) is expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        pytest.param("co.uk", True, id="registry"),
        pytest.param("github.io", True, id="private section"),
        pytest.param("example.co.uk", False, id="registered"),
        pytest.param("192.0.2.1", False, id="address"),
    ],
)
def test_public_suffixes_are_known(domain: str, expected: bool) -> None:
    assert is_public_suffix(domain) is expected
