"""First mails and bounces: what proves, what does not and says so in one line, and what is never done."""

import json
from email.message import EmailMessage

import pytest

from stillpost.doors.smtp.door import Peer
from stillpost.intake.limits import Limits
from stillpost.intake.token import code_of as code_from
from stillpost.lab.world import AUTHSERV, PROVE, World, build_world, lab_config, lab_portal
from stillpost.mail.compose import CHALLENGE_HEADER
from stillpost.mailer import RelayOptions
from stillpost.model import ProofMode, RequestState, Way
from tests.doors.smtp.signing import Key, Zone
from tests.fakes import broken_store
from tests.worlds import FORM, HOME, code_of, fill_in, secret_of, told, world

pytestmark = pytest.mark.anyio
ANN, STRANGER = "ann@example.com", Peer(ip="203.0.113.66", helo="anywhere.example")
MX = Peer(ip="127.0.0.1", helo="mx.lab.example")
KEY = Key(7)
LOCAL, _, HOST = PROVE.partition("@")


async def waiting(home: World, email: str = ANN) -> str:
    """A request that waits for its first mail; the code."""
    page = await fill_in(home, {"email": email, "page": ""})
    assert told(page) == "mail-first"
    return code_of(page)


def letter(code: str, sender: str = ANN, *fields: str, results: str = "", **changes: str) -> bytes:
    """A first mail as people's programs write it; ``results``: what our own mail server found, on top."""
    head = {
        "From": sender,
        "To": f"{LOCAL}+{code}@{HOST}",
        "Subject": "Proof",
        "Date": "Mon, 19 Jan 2026 08:00:00 +0000",
    }
    lines = [f"{name}: {value}" for name, value in (head | changes).items() if value]
    top = (
        [f"Authentication-Results: {AUTHSERV}; {results}", "Received: from x by mx.lab.example; now"] if results else []
    )
    return "\r\n".join([*top, *fields, *lines, "", "Hello", ""]).encode()


def spf(sender: str = ANN) -> str:
    return f"spf=pass smtp.mailfrom={sender}"


async def proven(home: World) -> list[str]:
    await home.work()
    return [ticket.requester.mailbox for ticket in home.helpdesk.tickets]


async def give(home: World, raw: bytes, sender: str | None = ANN, peer: Peer = MX, to: str = PROVE) -> str:
    reply = await home.door.take(peer, sender, [to], raw)
    assert "\r" not in reply
    assert "\n" not in reply
    assert reply.isascii()
    assert len(reply) < 500
    return reply


SIGNED = "DKIM-Signature: v=1; d=example.com; s=s1; h=From:To:Subject"


@pytest.mark.parametrize(
    ("results", "fields"),
    [
        pytest.param(spf(), (), id="SPF of the envelope"),
        pytest.param("dkim=pass header.d=example.com header.s=s1", (SIGNED,), id="DKIM"),
        pytest.param("dmarc=pass header.from=example.com", (SIGNED,), id="DMARC"),
        pytest.param(f"dkim=pass header.d=mailer.example; {spf('x@bounce.example.com')}", (), id="a subdomain's SPF"),
    ],
)
async def test_a_fresh_mail_that_is_vouched_for_proves_and_no_mail_leaves(
    results: str, fields: tuple[str, ...]
) -> None:
    home = world()
    code = await waiting(home)
    reply = await give(home, letter(code, ANN, *fields, results=results))
    assert reply.startswith("250 2.0.0 Thank you")
    assert await proven(home) == [ANN]
    assert home.helpdesk.tickets[0].proven is Way.MAIL_FIRST
    assert home.mailer.sent == []


async def test_the_requester_becomes_who_wrote_whatever_was_typed() -> None:
    home = world()
    code = await waiting(home, "victim@example.org")
    assert (await give(home, letter(code, "Ann <ann@example.com>", results=spf()))).startswith("250 ")
    assert await proven(home) == [ANN]
    assert not await home.house.store.ledger.proven("victim@example.org", home.clock())
    assert await home.house.store.ledger.proven(ANN, home.clock())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"Subject": "{code}", "To": PROVE}, "subject", id="code in the subject alone"),
        pytest.param({"Subject": "My proof: {code}!", "To": PROVE}, "subject", id="between other words"),
        pytest.param({"Subject": "{upper}", "To": PROVE}, "subject", id="in capitals"),
        pytest.param({"To": f"x@example.org, Stillpost <{LOCAL}+{{code}}@{HOST}>"}, "to", id="one of several in To"),
        pytest.param({"To": "x@example.org", "Cc": f"{LOCAL}+{{code}}@{HOST}"}, "cc", id="in Cc"),
        pytest.param({"Subject": "=?utf-8?q?Code_{code}?=", "To": PROVE}, "subject", id="in an encoded subject"),
    ],
)
async def test_the_code_is_found_where_people_put_it(changes: dict[str, str], field: str) -> None:
    home = world()
    code = await waiting(home)
    filled = {name: value.format(code=code, upper=code.upper()) for name, value in changes.items()}
    assert (await give(home, letter(code, results=spf(), **filled))).startswith("250 ")
    assert await proven(home) == [ANN]


UNFIT = [
    pytest.param({}, ("In-Reply-To: <1@x.example>",), ANN, "not an answer", id="an answer"),
    pytest.param({}, ("References: <1@x.example>",), ANN, "not an answer", id="in a thread"),
    pytest.param({"Subject": "Re: Proof"}, (), ANN, "not an answer", id="an answer by its subject"),
    pytest.param({"Subject": "Automatic reply: Proof"}, (), ANN, "not an answer", id="an absence note by its subject"),
    pytest.param({}, ("Auto-Submitted: auto-replied",), ANN, "automatic", id="auto-replied"),
    pytest.param({}, ("Auto-Submitted: auto-generated (x); y=z",), ANN, "automatic", id="auto-generated"),
    pytest.param({}, ("Precedence: bulk",), ANN, "automatic", id="bulk"),
    pytest.param({}, ("Precedence: first-class",), ANN, "automatic", id="any precedence"),
    pytest.param({}, ("X-Autoreply: yes",), ANN, "automatic", id="a responder's mark"),
    pytest.param({}, ("List-Id: <l.example.com>",), ANN, "mailing list", id="through a list"),
    pytest.param({}, ("List-Unsubscribe: <mailto:x@example.com>",), ANN, "mailing list", id="a newsletter"),
    pytest.param({}, ("Resent-From: eve@example.org",), ANN, "sent on", id="sent on"),
    pytest.param({}, ("Reply-To: eve@example.org",), ANN, "Reply-To", id="answers go elsewhere"),
    pytest.param({}, ("Reply-To: ann@example.com, eve@example.org",), ANN, "Reply-To", id="answers go elsewhere, too"),
    pytest.param({}, (), None, "envelope sender", id="the null sender"),
    pytest.param({}, ("Return-Path: <>",), ANN, "envelope sender", id="the null sender, written down"),
    pytest.param({}, ("From: eve@example.org",), ANN, "one From", id="two From fields"),
    pytest.param({"From": "ann@example.com, eve@example.org"}, (), ANN, "one From", id="two authors"),
    pytest.param({"From": "ann@example.com <eve@example.org>"}, (), ANN, "one From", id="an address before another"),
    pytest.param({"From": ""}, (), ANN, "one From", id="no From"),
    pytest.param({"From": '"a b"@example.com'}, (), ANN, "one From", id="a quoted local part"),
    pytest.param({"To": PROVE, "Subject": "Proof"}, (), ANN, "code", id="no code"),
    pytest.param({"To": PROVE, "Subject": "a" * 25}, (), ANN, "code", id="a code that is too short"),
    pytest.param({"Subject": "Two"}, (f"To: {PROVE}",), ANN, "code", id="two To fields"),
]


@pytest.mark.parametrize(("changes", "fields", "sender", "why"), UNFIT)
async def test_what_is_no_fresh_mail_of_one_person_is_refused_in_one_line(
    changes: dict[str, str], fields: tuple[str, ...], sender: str | None, why: str
) -> None:
    home = world()
    code = await waiting(home)
    reply = await give(home, letter(code, ANN, *fields, results=spf(), **changes), sender)
    assert reply.startswith("550 5.7.1 ")
    assert why in reply
    assert await proven(home) == []
    assert home.mailer.sent == []
    assert (await give(home, letter(code, results=spf()))).startswith("250 ")


@pytest.mark.parametrize(
    ("raw", "peer"),
    [
        pytest.param(letter("{code}"), MX, id="nobody vouches"),
        pytest.param(letter("{code}", results=spf()), STRANGER, id="a stranger vouches for himself"),
        pytest.param(letter("{code}", results=spf("eve@example.org")), MX, id="vouched for another domain"),
        pytest.param(letter("{code}", results="spf=fail smtp.mailfrom=ann@example.com"), MX, id="SPF failed"),
        pytest.param(letter("{code}", results=f"{spf()}; dmarc=fail header.from=example.com"), MX, id="DMARC failed"),
        pytest.param(letter("{code}", results=f"{spf()}; {spf('x@example.com')}"), MX, id="two SPF results"),
        pytest.param(letter("{code}", results=spf() + " (unclosed"), MX, id="results that do not parse"),
        pytest.param(
            b"Received: from x by mx.lab.example; now\r\nReceived: from y by x; now\r\n"
            + letter("{code}", ANN, f"Authentication-Results: {AUTHSERV}; {spf()}"),
            MX,
            id="results below a second Received",
        ),
        pytest.param(letter("{code}", results=spf()), Peer(ip="", helo="x"), id="a peer without an address"),
        pytest.param(letter("{code}", results=spf()), Peer(ip="no address", helo="x"), id="a peer of a strange kind"),
    ],
)
async def test_what_nobody_trusted_vouches_for_is_refused(raw: bytes, peer: Peer) -> None:
    home = world()
    code = await waiting(home)
    reply = await give(home, raw.replace(b"{code}", code.encode()), peer=peer)
    assert reply == "550 5.7.1 A proof is vouched for by DKIM, SPF or DMARC of its From; this mail is not."
    assert await proven(home) == []


def signing_world(*, down: bool = False) -> World:
    names = {"s1._domainkey.example.com": KEY.record}
    return build_world(lab_config({"support": lab_portal()}), resolve=Zone(names, down=tuple(names) if down else ()))


async def test_our_own_check_of_the_signature_vouches_where_nobody_else_does() -> None:
    home = signing_world()
    code = await waiting(home)
    reply = await give(home, KEY.sign(letter(code), "example.com"), peer=STRANGER)
    assert reply.startswith("250 ")
    assert await proven(home) == [ANN]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param(("From", "Subject", "Date"), "old mail", id="the To with the code is not signed"),
        pytest.param(("From", "Date"), "old mail", id="neither To nor Subject is signed"),
    ],
)
async def test_an_old_mail_cannot_be_sent_again_with_a_code_put_in(fields: tuple[str, ...], why: str) -> None:
    """A mail that its author's domain once signed passes for ever; the code must stand where that signature covers it."""
    home = signing_world()
    code = await waiting(home)
    old = KEY.sign(letter("", To="friend@example.org"), "example.com", fields=fields)
    new = old.replace(b"To: friend@example.org", f"To: {LOCAL}+{code}@{HOST}".encode())
    reply = await give(home, new, sender="eve@example.org", peer=STRANGER)
    assert reply.startswith("550 5.7.1 ")
    assert why in reply
    assert await proven(home) == []


async def test_an_old_mail_that_signed_all_fails_with_a_code_put_in() -> None:
    home = signing_world()
    code = await waiting(home)
    old = KEY.sign(letter("", To="friend@example.org"), "example.com")
    for new in (
        old.replace(b"To: friend@example.org", f"To: {LOCAL}+{code}@{HOST}".encode()),
        old.replace(b"To: friend", f"Cc: {LOCAL}+{code}@{HOST}\r\nTo: friend".encode()),
        f"Subject: {code}\r\n".encode() + old,
        f"To: {LOCAL}+{code}@{HOST}\r\n".encode() + old,
    ):
        assert (await give(home, new, sender="eve@example.org", peer=STRANGER)).startswith("550 ")
    assert await proven(home) == []


async def test_an_old_mail_to_an_envelope_with_the_code_proves_nothing() -> None:
    home = signing_world()
    code = await waiting(home)
    old = KEY.sign(letter("", To="friend@example.org"), "example.com")
    reply = await give(home, old, sender="eve@example.org", peer=STRANGER, to=f"{LOCAL}+{code}@{HOST}")
    assert reply.startswith("550 ")
    assert await proven(home) == []


async def test_a_key_that_cannot_be_looked_up_just_now_is_asked_for_again() -> None:
    home = signing_world(down=True)
    code = await waiting(home)
    signed = KEY.sign(letter(code), "example.com")
    assert (await give(home, signed, peer=STRANGER)).startswith("451 4.4.3 ")
    assert await proven(home) == []


async def test_a_code_works_once_and_the_second_mail_is_told_so() -> None:
    home = world()
    code = await waiting(home)
    raw = letter(code, results=spf())
    assert (await give(home, raw)).startswith("250 ")
    assert await give(home, raw) == "550 5.7.1 Nothing waits for this code; it was used already, or it is over."
    assert await proven(home) == [ANN]


async def test_a_code_is_over_with_its_request() -> None:
    home = world()
    code = await waiting(home)
    home.clock.push(days=7, seconds=1)
    assert "it is over" in await give(home, letter(code, results=spf()))
    assert await proven(home) == []


async def test_a_code_nobody_was_given_is_refused() -> None:
    home = world()
    assert "Nothing waits" in await give(home, letter(code_from("0" * 32), results=spf()))


async def test_a_suppressed_address_proves_itself_and_is_asked_again_from_then_on() -> None:
    home = world()
    await home.house.store.lists.add("suppressed", ANN, home.clock(), None)
    page = await fill_in(home)
    assert told(page) == "challenged"
    await home.work()
    assert home.mailer.sent == []
    assert (await give(home, letter(code_of(page), results=spf()))).startswith("250 ")
    assert not await home.house.store.lists.has("suppressed", ANN, home.clock())
    await fill_in(home, ip="192.0.2.77")
    await home.work()
    assert [mail.recipient for mail in home.mailer.sent] == [ANN]


async def test_the_status_page_follows_the_first_mail() -> None:
    home = world()
    page = await fill_in(home, {"page": ""})
    assert (await give(home, letter(code_of(page), results=spf()))).startswith("250 ")
    await home.work()
    request = await home.house.store.ledger.request_by_secret(secret_of(page))
    assert request
    assert request.state is RequestState.DELIVERED


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="no header"),
        pytest.param(b"\x00\xff\xfe\x80" * 50, id="bytes"),
        pytest.param(b"no field at all\r\n\r\nx", id="no field"),
        pytest.param(b"X: a\r\n" * 3_000 + b"\r\n", id="too many fields"),
        pytest.param(b"X: " + b"a" * 300_000 + b"\r\n\r\n", id="too long a header"),
        pytest.param(b"From: " + b"(" * 5_000 + b"\r\nTo: " + b"<" * 5_000 + b"\r\n\r\n", id="deeply nested comments"),
        pytest.param(b"From: " + b"g:" * 5_000 + b"\r\nSubject: =?utf-8?b?" + b"A" * 9_000 + b"\r\n\r\n", id="groups"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_one_line(raw: bytes) -> None:
    lines: list[str] = []
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append)
    assert (await give(home, raw)).startswith("550 5.7.1 ")
    assert [json.loads(line)["event"] for line in lines] == ["not-a-proof"]


@pytest.mark.parametrize("error", [None, RuntimeError("ann@example.com cannot be written")], ids=["full disk", "a bug"])
async def test_where_we_fail_the_mail_is_asked_for_again_and_nothing_is_quoted(error: Exception | None) -> None:
    lines: list[str] = []
    config = lab_config({"support": lab_portal()})
    home = build_world(config, store=broken_store("ledger", error=error), write=lines.append)
    reply = await give(home, letter(code_from("0" * 32), results=spf()))
    assert reply == "451 4.3.0 We cannot keep this right now; please try again later"
    (line,) = lines
    assert json.loads(line)["event"] == "failed"
    assert ANN not in line


@pytest.mark.parametrize(
    ("recipient", "ours"),
    [
        (PROVE, True),
        (f"{LOCAL}+{'a' * 26}@{HOST}", True),
        (PROVE.upper(), True),
        (f"{LOCAL}x@{HOST}", False),
        (f"{LOCAL}@other.example", False),
        (f"x+{PROVE}", False),
        ("postmaster", False),
        ("", False),
        ("@", False),
    ],
)
def test_only_our_own_addresses_are_wanted(recipient: str, ours: bool) -> None:
    assert world().door.wants(recipient) is ours


# --- what comes back to the envelope sender of our challenges --------------------------------------------------------

RETURNS = "returns@support.lab.example"


async def challenged() -> tuple[World, str]:
    """A world whose relay refuses the null sender, with one challenge sent; its envelope sender."""
    relay = RelayOptions(from_="support@support.lab.example", envelope_from=RETURNS)
    home = build_world(lab_config({"support": lab_portal(proof=ProofMode.LINK)}, relay=relay, limits=Limits()))
    assert told(await fill_in(home)) == "challenged"
    await home.work()
    (mail,) = home.mailer.sent
    local, _, host = mail.sender.partition("@")
    assert local.startswith("returns+")
    assert host == "support.lab.example"
    assert CHALLENGE_HEADER.encode() in mail.content
    return home, mail.sender


def report(action: str, status: str = "5.1.1") -> bytes:
    """A delivery status notification (RFC 3464)."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "MAILER-DAEMON@mx.example.com", RETURNS, "Returned mail"
    mail["Auto-Submitted"] = "auto-replied"
    head = mail.as_bytes().partition(b"\n\n")[0]
    return head + (
        b"\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        + f"Final-Recipient: rfc822; {ANN}\nAction: {action}\nStatus: {status}\n\n--b--\n".encode()
    )


ABSENT = (
    b"From: ann@example.com\nTo: returns@x.example\nSubject: Automatic reply\nAuto-Submitted: auto-replied\n\nAway.\n"
)
QMAIL = b"From: MAILER-DAEMON@example.com\nTo: returns@x.example\nSubject: failure notice\n\nHi. This is qmail-send.\n"


@pytest.mark.parametrize(
    ("raw", "sender", "suppressed"),
    [
        pytest.param(report("failed"), None, True, id="failed"),
        pytest.param(report("FAILED", "5.7.1"), None, True, id="failed, in capitals"),
        pytest.param(report("delayed", "4.4.1"), None, False, id="delayed"),
        pytest.param(report("failed", "4.4.7"), None, False, id="given up, but not for good"),
        pytest.param(report("delivered", "2.0.0"), None, False, id="delivered"),
        pytest.param(QMAIL, None, True, id="a bounce of before the standard"),
        pytest.param(b"X-Failed-Recipients: x\nAuto-Submitted: auto-replied\n" + QMAIL, None, True, id="an old Exim"),
        pytest.param(b"X-Failed-Recipients: x\n" + report("delayed", "4.0.0"), None, False, id="a new Exim, delayed"),
        pytest.param(QMAIL, "mailer-daemon@example.com", False, id="the same from an address"),
        pytest.param(ABSENT, None, False, id="an absence note"),
        pytest.param(ABSENT, ANN, False, id="an absence note from an address"),
        pytest.param(b"From: ann@example.com\nSubject: What is this?\n\nHello?\n", ANN, False, id="a person"),
    ],
)
async def test_only_what_says_that_a_challenge_reached_nobody_keeps_challenges_away(
    raw: bytes, sender: str | None, suppressed: bool
) -> None:
    home, returns = await challenged()
    assert await give(home, raw, sender, STRANGER, returns) == "250 2.0.0 Noted"
    assert await home.house.store.lists.has("suppressed", ANN, home.clock()) is suppressed
    home.clock.push(days=61)
    assert not await home.house.store.lists.has("suppressed", ANN, home.clock())
    assert len(home.mailer.sent) == 1


@pytest.mark.parametrize("plus", ["", "+", "+0", "+" + "0" * 32, "+" + "z" * 32, "+../../x", "+" + "f" * 31 + "\x00"])
async def test_a_bounce_of_nothing_is_noted_and_changes_nothing(plus: str) -> None:
    home, _ = await challenged()
    local, _, host = RETURNS.partition("@")
    assert await give(home, report("failed"), None, STRANGER, f"{local}{plus}@{host}") == "250 2.0.0 Noted"
    assert await home.house.store.lists.listed("suppressed") == []


async def test_without_an_envelope_sender_no_bounce_address_is_ours() -> None:
    home = world()
    await fill_in(home, FORM, ip=HOME)
    await home.work()
    assert home.mailer.sent[0].sender == ""
    assert not home.door.wants("@")
