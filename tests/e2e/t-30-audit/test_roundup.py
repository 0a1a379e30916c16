"""The audit against the real Roundup: no exposure without a mail, no mail without an exposure, text by text."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e import audited, products
from tests.e2e.audited import COPIED, STRANGER, VICTIM, Seen, Turn

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.fix import plan
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim
from stillpost.helpdesks.roundup.settings import Roundup as Audited

pytestmark = pytest.mark.e2e

KNOWN = "known@example.com"
THIRD = "third@example.org"
NEWCOMER = "newcomer@example.com"
EMAIL_ACCESS = "'Anonymous', 'Email Access'"
REGISTER = "'Anonymous', 'Register', 'user'"
ANONYMOUS_MAKES = ("grant", "'Anonymous', 'Create', 'issue'", "'Anonymous', 'Create', 'msg'")
OPEN = ("grant", EMAIL_ACCESS)

CONFIGURATIONS = [
    pytest.param([], id="as installed"),
    pytest.param([("main", "error_messages_to", "dispatcher")], id="refusals go to the dispatcher"),
    pytest.param([("main", "error_messages_to", "both")], id="refusals go to both"),
    pytest.param([OPEN], id="strangers may write"),
    pytest.param([OPEN, ("nosy", "messages_to_author", "new")], id="and get a copy of the first message"),
    pytest.param([OPEN, ("nosy", "messages_to_author", "yes")], id="and of every message"),
    pytest.param([OPEN, ("nosy", "messages_to_author", "nosy")], id="and if they are on the list"),
    pytest.param([OPEN, ("nosy", "add_author", "no")], id="writers are not listed"),
    pytest.param([OPEN, ("nosy", "add_recipients", "no")], id="copies are not listed"),
    pytest.param(
        [OPEN, ("nosy", "add_author", "no"), ("nosy", "add_recipients", "no")], id="nobody is listed by writing"
    ),
    pytest.param([OPEN, ("revoke", REGISTER)], id="strangers write as anonymous, who may not"),
    pytest.param([OPEN, ("revoke", REGISTER), ANONYMOUS_MAKES], id="strangers write as anonymous, who may"),
    pytest.param([("revoke", REGISTER)], id="no registration"),
    pytest.param([("main", "email_registration_confirmation", "no")], id="registration by web only"),
    pytest.param([("main", "instant_registration", "yes")], id="an account for any address, at once"),
    pytest.param([OPEN, ("main", "new_email_user_roles", "Intake")], id="writers may not use the mail"),
    pytest.param([("nosy", "signature_position", "top"), OPEN], id="signature on top"),
    pytest.param([("mail", "add_authorinfo", "no"), OPEN], id="no author line"),
]


@pytest.mark.parametrize("changes", CONFIGURATIONS)
def test_what_the_audit_says_is_what_the_product_does(
    changes: Sequence[Turn], tmp_path: Path, sink: products.Sink
) -> None:
    with audited.roundup(tmp_path, sink, changes) as tracker:
        product, found = audited.judged("roundup", tracker.place)
        agrees(tracker, product, found)


def agrees(tracker: products.Roundup, product: Any, found: list[Exposure]) -> None:
    """Do everything a stranger can do, and compare what comes out with what the audit said would."""
    assert [exposure for exposure in found if exposure.tri is Tri.PERHAPS and exposure.kind is not Kind.LOOP] == []
    _by_mail(tracker, product, found, "mail", VICTIM)
    _by_mail(tracker, product, found, "mail-known", KNOWN)
    _by_web(tracker, product, found)


def of(found: list[Exposure], channel: str, occasion: str, *kinds: Kind, helping: bool = False) -> list[Exposure]:
    """The sure exposures of a channel at an occasion; those of mail that asks for help apart."""
    chosen = kinds or (Kind.VOLUME, Kind.REJECTION, Kind.ACCOUNT)
    return [
        e
        for e in found
        if e.tri is Tri.YES and e.kind in chosen and channel in e.channels and e.occasion.id == occasion
        if e.reaction.id.endswith("refusal-help") is helping
    ]


def _by_mail(tracker: products.Roundup, product: Any, found: list[Exposure], channel: str, victim: str) -> None:
    given = product.given
    issues = len(tracker.issues())
    # Where strangers get no account, only those who have one are put on a list.
    copies = COPIED if channel == "mail" else (THIRD,)
    mails = received(tracker, victim, given.subject, given.text, copies)
    same([m for m in mails if victim in m.recipients], of(found, channel, "created"), channel)
    assert not {address for m in mails for address in m.recipients} & set(copies)
    mails = received(tracker, victim, "help", given.text)
    same([m for m in mails if victim in m.recipients], of(found, channel, "created", helping=True), channel)
    now = tracker.issues()
    if len(now) == issues:
        assert of(found, channel, "second") == []
        return
    writer = STRANGER if channel == "mail" else "second@example.org"
    mails = received(tracker, writer, f"[issue{max(map(int, now))}] {given.subject}", given.text)
    if not any(victim in m.recipients for m in mails):
        # Whoever is not on the list may still hear of what he is said to have added himself.
        mails += received(tracker, victim, f"[issue{max(map(int, now))}] {given.subject}", given.text)
    same([m for m in mails if victim in m.recipients], of(found, channel, "second"), channel)
    copied = {address for m in mails for address in m.recipients} & set(copies)
    assert bool(copied) == bool(of(found, channel, "second", Kind.COPIES))


def received(tracker: products.Roundup, sender: str, subject: str, text: str, copies: Sequence[str] = ()) -> list[Seen]:
    before = len(tracker.sink.mails)
    cc = f"Cc: {', '.join(copies)}\r\n" if copies else ""
    to = products.TRACKER_ADDRESS
    head = f"From: Quorvane <{sender}>\r\nTo: {to}\r\n{cc}Subject: {subject}\r\n\r\n"
    tracker.receive(f"{head}{text}\r\n".encode())
    return audited.seen(tracker.sink.mails[before:])


def same(mails: list[Seen], exposures: list[Exposure], channel: str) -> None:
    """As many mails as exposures, and word for word the witness (issue numbers, keys and the channel's From apart)."""
    assert len(mails) == len(exposures), [exposure.id for exposure in exposures]
    for mail, exposure in zip(mails, exposures, strict=True):
        witness = exposure.witness
        if witness.channel != channel:
            continue
        assert plain(mail.subject) == plain(witness.mail.subject)
        if exposure.reaction.id.endswith("refusal-help"):
            assert plain(mail.text).endswith(plain(witness.mail.text.partition("=\n")[2]))
        else:
            assert plain(mail.text) == plain(witness.mail.text)
        assert witness.exact == (exposure.kind is not Kind.ACCOUNT and "help" not in exposure.reaction.id)


def plain(text: str) -> str:
    """Without what is the moment's: the issue's number, the key, the line of the header a stranger may add."""
    text = re.sub(r"(?m)^Cc: .*\n", "", text)
    text = re.sub(r"(?m)^nosy: .*\n", "", text)
    text = re.sub(r"(key |otk=)[\w-]{32,}", r"\1KEY", text)
    text = re.sub(
        r"(?m)^(Subject: )\[issue#\] ",
        r"\1",
        re.sub(r"[0-9]+", "#", text.replace(KNOWN, VICTIM).replace(NEWCOMER, STRANGER).replace("second@", "stranger@")),
    )
    return audited.comparable(text)


def _by_web(tracker: products.Roundup, product: Any, found: list[Exposure]) -> None:
    with httpx2.Client(base_url=tracker.url, trust_env=False, follow_redirects=True) as web:
        before = len(tracker.sink.mails)
        register(web, product.given.name, NEWCOMER)
        mails = audited.seen(tracker.sink.mails[before:])
        same([m for m in mails if NEWCOMER in m.recipients], of(found, "registration", "created"), "registration")
        before = len(tracker.sink.mails)
        web.post("user", data=_form(web, "user?@template=forgotten") | {"@action": "passrst", "address": KNOWN})
        mails = audited.seen(tracker.sink.mails[before:])
        assert len([m for m in mails if KNOWN in m.recipients]) == len(of(found, "password-reset", "created"))
        before = len(tracker.sink.mails)
        form = _form(web, "issue?@template=item")
        given = product.given
        issue = {"@action": "new", "title": given.subject, "@note": given.text, "nosy": "known", "@required": "title"}
        web.post("issue", data=form | issue)
        mails = audited.seen(tracker.sink.mails[before:])
        expected = of(found, "web-anonymous", "created") + of(found, "web-account", "created")
        same([m for m in mails if KNOWN in m.recipients], expected[:1], expected[0].witness.channel if expected else "")


def register(web: httpx2.Client, name: str, address: str) -> None:
    """Fill the registration page in, where there is one; a reader takes a moment, and Roundup checks that he does."""
    form = _form(web, "user?@template=register")
    if "opaqueregister" not in form:
        return
    word = "a-Long-1-password"
    web.post(
        "user",
        data=form
        | {"@action": "register", "username": name, "address": address, "password": word, "@confirm@password": word},
    )


def _form(web: httpx2.Client, path: str) -> dict[str, str]:
    """The hidden fields of a page."""
    page = web.get(path).text
    fields = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    pairs = ((re.search(r'name="([^"]*)"', f), re.search(r'value="([^"]*)"', f)) for f in fields)
    return {name[1]: value[1] for name, value in pairs if name and value}


FIXED = [pytest.param(Aim.CONTENT, id="words and copies"), pytest.param(Aim.VOLUME, id="all mail")]


@pytest.mark.parametrize("aim", FIXED)
def test_the_fix_stops_on_the_real_product_what_it_says_it_stops(aim: Aim, tmp_path: Path, sink: products.Sink) -> None:
    leaking: list[Turn] = [OPEN, ("nosy", "messages_to_author", "new")]
    with audited.roundup(tmp_path / "before", sink, leaking) as tracker:
        product, found = audited.judged("roundup", tracker.place)
        agrees(tracker, product, found)
        assert {Kind.CONTENT, Kind.COPIES, Kind.VOLUME, Kind.ACCOUNT} <= audited.kinds(found)
    assert isinstance(product, Audited)
    made = plan(product, aim, product.given)
    assert {left.reaction.title for left in made.proof.left} <= {"Password reset"}
    sink.mails.clear()
    with audited.roundup(tmp_path / "after", sink, [*leaking, *audited.applied_roundup(made.edits)]) as tracker:
        product, found = audited.judged("roundup", tracker.place)
        agrees(tracker, product, found)
    assert not audited.kinds(found) & {Kind.CONTENT, Kind.COPIES, Kind.VOLUME, Kind.REJECTION}
    assert [m for m in audited.seen(sink.mails) if {VICTIM, NEWCOMER, *COPIED} & set(m.recipients)] == []
