"""Persons, roles, robots, by name."""

import pytest

from stillpost.mail.addresses import parse
from stillpost.mail.roles import Role, is_automatic, role


@pytest.mark.parametrize(
    "text",
    [
        "noreply@example.org",
        "No-Reply@example.org",
        "no_reply@example.org",
        "no.reply@example.org",
        "noreply-billing@example.org",
        "billing-noreply@example.org",
        "donotreply@example.org",
        "do-not-reply@example.org",
        "nicht-antworten@example.org",
        "ne-pas-repondre@example.org",
        "MAILER-DAEMON@example.org",
        "postmaster@example.org",
        "abuse@example.org",
        "owner-talk@example.org",
        "talk-owner@example.org",
        "talk-request@example.org",
        "talk-bounces@example.org",
        "bounces+1234-anna=example.org@mail.example.com",
        "bounce@example.org",
        "srs0=hhh=tt=example.com=anna@example.org",
        "prvs=123=anna@example.org",
        "anna+bounces@example.org",
        "123+anna@users.noreply.example.com",
        "anna@bounce.example.com",
        "majordomo@example.org",
        "devnull@example.org",
    ],
)
def test_robots_and_mailboxes_that_must_not_receive_answers_are_refused(text: str) -> None:
    assert role(parse(text)) is Role.REFUSED
    assert is_automatic(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "info@example.org",
        "INFO@example.org",
        "support@example.org",
        "sales+x@example.org",
        "hostmaster@example.org",
        "webmaster@example.org",
        "security@example.org",
        "kontakt@example.org",
        "customer.service@example.org",
        "talk-list@example.org",
        "team-berlin@example.org",
        "all@example.org",
        "anything@lists.example.org",
        "anything@googlegroups.com",
        "office-berlin-team@example.org",
    ],
)
def test_mailboxes_of_many_people_write_first(text: str) -> None:
    assert role(parse(text)) is Role.MAIL_FIRST_ONLY


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.org",
        "anna.muster@example.org",
        "anna+shop@example.org",
        "a.b-c@example.org",
        "infos@example.org",
        "supportive@example.org",
        "reply@example.org",
        "bouncer@example.org",
        "ownerton@example.org",
        "anna@lists.com",
        "anna@bounce.io",
        "requests@example.org",
        "müller@example.org",
        "abuse.anna@example.org",
    ],
)
def test_a_person_is_a_person(text: str) -> None:
    assert role(parse(text)) is Role.PERSON
    assert not is_automatic(parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("notifications@example.org", True, id="notifications"),
        pytest.param("build-bot@example.org", True, id="a bot"),
        pytest.param("alerts.eu@example.org", True, id="alerts of a region"),
        pytest.param("root@example.org", True, id="root"),
        pytest.param("abbott@example.org", False, id="a name with bot in it"),
        pytest.param("info@example.org", False, id="a role is no robot"),
    ],
)
def test_programs_are_known_by_name(text: str, expected: bool) -> None:
    assert is_automatic(parse(text)) is expected
