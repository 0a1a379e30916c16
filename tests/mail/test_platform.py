"""Attribution: the tables, and who may name a tenant."""

import re
from ipaddress import ip_address

import pytest

from stillpost.mail.author import author_of
from stillpost.mail.border import Border
from stillpost.mail.catalog import Platform, catalog
from stillpost.mail.message import Headers, read
from stillpost.mail.platform import Attribution, attribute, identity, list_id_of
from stillpost.mail.received import Hop
from stillpost.model import AuthMethod, AuthResult

PLATFORMS = catalog().platforms


def header(*lines: str) -> Headers:
    return read(("\n".join(lines) + "\n\n").encode()).headers


def test_every_platform_that_was_promised_is_there_once() -> None:
    promised = (
        "zendesk intercom helpscout salesforce jira zammad osticket rt freescout chatwoot gitlab front freshdesk "
        "django-helpdesk roundup redmine"
    )
    assert sorted(platform.name for platform in PLATFORMS) == sorted(promised.split())


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_every_mark_says_where_it_was_seen(platform: Platform) -> None:
    assert platform.marks
    assert all(mark.seen for mark in platform.marks)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_keys_have_one_group_and_fields_are_lower_case(platform: Platform) -> None:
    assert all(each.pattern.groups == 1 for each in (*platform.tenant, *platform.ticket))
    conditions = [each for mark in platform.marks for each in mark.conditions]
    assert all(each.field == each.field.lower() for each in (*conditions, *platform.tenant, *platform.ticket))


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_platform_that_names_tenants_has_somebody_to_vouch(platform: Platform) -> None:
    assert platform.own_server or (platform.tenant and (platform.dkim or platform.spf or platform.networks))
    assert not platform.abuse or re.fullmatch(r"abuse@[a-z.]+", platform.abuse)


ZENDESK = ("X-Mailer: Zendesk Mailer", "X-Zendesk-From-Account-Id: 0a1b2c3", "From: Acme <support@acme.example>")


def of(headers: Headers, *results: tuple[str, str, str], border: Border | None = None) -> Attribution:
    made = [AuthResult(method=AuthMethod(method), result=word, domain=domain) for method, word, domain in results]
    found = attribute(headers, author_of(headers).address, made, border)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("results", "tenant", "vouched_by"),
    [
        pytest.param([("dkim", "pass", "zendesk.com")], "0a1b2c3", "dkim zendesk.com", id="the platform's signature"),
        pytest.param([("dkim", "fail", "zendesk.com")], "", "", id="its broken signature"),
        pytest.param([("dkim", "pass", "zendesk.com.mallory.example")], "", "", id="a longer name"),
        pytest.param([("dkim", "pass", "notzendesk.com")], "", "", id="a similar name"),
        pytest.param([("spf", "pass", "zendesk.com")], "", "", id="SPF, which anybody on shared servers may have"),
        pytest.param([("dmarc", "pass", "acme.example")], "", "", id="the sender's own domain"),
        pytest.param([], "", "", id="nobody"),
    ],
)
def test_who_vouches_for_a_zendesk_tenant(results: list[tuple[str, str, str]], tenant: str, vouched_by: str) -> None:
    found = of(header(*ZENDESK), *results)
    assert (found.tenant.platform, found.tenant.tenant, found.vouched_by) == ("zendesk", tenant, vouched_by)
    assert found.tenant.authenticated is bool(tenant)


@pytest.mark.parametrize(
    ("hop", "vouched_by"),
    [
        pytest.param(Hop(name="out1.pod1.usw2.zdsys.com"), "peer out1.pod1.usw2.zdsys.com", id="looked-up name"),
        pytest.param(Hop(helo="out1.pod1.usw2.zdsys.com"), "", id="greeting"),
        pytest.param(Hop(name="zdsys.com.mallory.example"), "", id="a longer name"),
        pytest.param(Hop(ip=ip_address("192.161.149.34")), "peer 192.161.149.34", id="address"),
        pytest.param(Hop(ip=ip_address("203.0.113.1")), "", id="another address"),
        pytest.param(Hop(ip=ip_address("2001:db8::1")), "", id="an IPv6 address"),
    ],
)
def test_the_peer_at_the_border_vouches_by_what_it_cannot_choose(hop: Hop, vouched_by: str) -> None:
    assert of(header(*ZENDESK), border=Border(0, hop)).vouched_by == vouched_by


def test_of_two_platforms_the_vouched_one_is_named() -> None:
    both = header("X-RT-Ticket: rt #1", *ZENDESK)
    assert of(both, ("dkim", "pass", "zendesk.com")).tenant.platform == "zendesk"
    assert of(both, ("dkim", "pass", "acme.example")).tenant.platform == "rt"


def test_mail_without_marks_has_no_platform() -> None:
    headers = header("From: anna@example.org", "X-Mailer: Mail", "Message-ID: <1@example.org>")
    assert attribute(headers, author_of(headers).address) is None


@pytest.mark.parametrize(
    ("lines", "results", "expected"),
    [
        pytest.param(ZENDESK, [("dkim", "pass", "zendesk.com")], "zendesk:0a1b2c3", id="vouched tenant"),
        pytest.param(ZENDESK, [], "acme.example", id="claimed tenant"),
        pytest.param((*ZENDESK[:2], "From: x@zendesk.com"), [], "x@zendesk.com", id="never the platform as a whole"),
        pytest.param((*ZENDESK[:2], "From: x@acme.zendesk.com"), [], "acme.zendesk.com", id="tenant's subdomain"),
        pytest.param(
            ("X-RT-Ticket: rt #1", "From: a@mail.acme.example"),
            [("dkim", "pass", "acme.example")],
            "acme.example",
            id="own server",
        ),
        pytest.param(("List-Id: x <Talk.Example.org>", "From: a@example.org"), [], "list:talk.example.org", id="list"),
        pytest.param(("From: a@mail.example.org",), [], "example.org", id="organization"),
        pytest.param(("From: a@example.org", "From: b@example.org"), [], "", id="nobody"),
    ],
)
def test_who_is_counted(lines: tuple[str, ...], results: list[tuple[str, str, str]], expected: str) -> None:
    headers = header(*lines)
    author = author_of(headers).address
    made = [AuthResult(method=AuthMethod(method), result=word, domain=domain) for method, word, domain in results]
    assert identity(headers, author, attribute(headers, author, made)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Talk <talk.example.org>", "talk.example.org", id="described"),
        pytest.param("<talk.example.org>", "talk.example.org", id="bare"),
        pytest.param("talk.example.org", "talk.example.org", id="without brackets"),
        pytest.param("<" + "x" * 500 + ">", "x" * 255, id="long"),
    ],
)
def test_a_list_is_known_by_its_identifier(value: str, expected: str) -> None:
    assert list_id_of(header(f"List-Id: {value}")) == expected
