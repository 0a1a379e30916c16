"""The audit against the real Request Tracker: no exposure without a mail, no mail without an exposure, word by word."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import audited
from tests.e2e.audited import COPIED, RT_NAME, STRANGER, VICTIM, RequestTracker, Seen
from tests.e2e.conftest import Needs

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.fix import plan
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim
from stillpost.helpdesks.request_tracker.settings import RequestTracker as Audited

pytestmark = pytest.mark.e2e

CREATE = ("grant", "CreateTicket", "Everyone")
REPLY = ("grant", "ReplyToTicket", "Everyone")
COPYING = "Set($ParseNewMessageForTicketCcs, 1);"
AUTOREPLY, CORRESPONDENCE, RESOLVED = 3, 11, 18
PLAIN = "Subject: Your request\n\nIts number is {$Ticket->SubjectTag}.\n"

CONFIGURATIONS = [
    pytest.param("", [], id="as installed: nobody may write"),
    pytest.param("", [CREATE], id="strangers may write once"),
    pytest.param("", [("grant", "CreateTicket", "Unprivileged"), REPLY], id="strangers may write by another group"),
    pytest.param("", [CREATE, REPLY], id="strangers may write and answer"),
    pytest.param(COPYING, [CREATE, REPLY], id="copies are mailed"),
    pytest.param("Set($NotifyActor, 1);", [CREATE, REPLY], id="who acts is mailed too"),
    pytest.param("", [CREATE, REPLY, ("disable", 7)], id="no autoreply"),
    pytest.param("", [CREATE, REPLY, ("disable", 7), ("disable", 5), ("disable", 12)], id="requestors are not mailed"),
    pytest.param("", [CREATE, REPLY, ("template", AUTOREPLY, PLAIN)], id="an autoreply without words"),
    pytest.param(
        "", [CREATE, REPLY, ("template", AUTOREPLY, "\nHello, {$Ticket->QueueObj->Name}.\n")], id="no Subject"
    ),
    pytest.param(
        "",
        [CREATE, REPLY, ("template", AUTOREPLY, "Subject: x\n\nBy {$Transaction->CreatorObj->RealName}.\n")],
        id="a name",
    ),
    pytest.param(
        "", [CREATE, REPLY, ("template", AUTOREPLY, "Subject: x\n\n{ my $x = $Transaction->Content; $x }\n")], id="code"
    ),
    pytest.param(
        "",
        [CREATE, REPLY, ("template", AUTOREPLY, "Subject: x\n\nA brace \\{ and {$Ticket->id || 'none'}.\n")],
        id="a brace",
    ),
]


@pytest.fixture(autouse=True)
def _installed(needs: Needs) -> None:
    needs("rt-setup-database-5", "perl")


@pytest.mark.parametrize(("settings", "steps"), CONFIGURATIONS)
def test_what_the_audit_says_is_what_the_product_does(
    settings: str, steps: Sequence[Sequence[object]], tmp_path: Path
) -> None:
    tracker = audited.request_tracker(tmp_path / "rt", settings, steps)
    agrees(tracker, *audited.judged("request-tracker", tracker.place))


def agrees(tracker: RequestTracker, product: Any, found: list[Exposure]) -> list[Seen]:
    """Send what a stranger can send, resolve what he made, and compare what comes out with what the audit said."""
    subject, text = product.given.subject, product.given.text
    again = f"[{RT_NAME} #1] {subject}"
    created, by_stranger, by_victim, resolved = tracker.steps(
        ("mail", mail(VICTIM, subject, text, COPIED)),
        ("mail", mail(STRANGER, again, text)),
        ("mail", mail(VICTIM, again, text)),
        ("resolve", 1),
    )
    same(created, of(found, "created"), found)
    copied = {address for m in created for address in m.recipients} & set(COPIED)
    assert bool(copied) == bool([e for e in found if e.kind is Kind.COPIES and e.occasion.id == "created"])
    if not any(e.reaction.kind == "refusal" for e in of(found, "created")):
        second = by_stranger if any(VICTIM in m.recipients for m in by_stranger) else by_victim
        same(second, of(found, "second"), found)
        same(resolved, of(found, "resolved"), found)
        created += second + resolved
    return [m for m in created if {VICTIM, *COPIED} & set(m.recipients)]


def mail(sender: str, subject: str, text: str, copies: Sequence[str] = ()) -> str:
    cc = f"Cc: {', '.join(copies)}\n" if copies else ""
    return f"From: Quorvane <{sender}>\nTo: rt@{RT_NAME}\n{cc}Subject: {subject}\n\n{text}\n"


def of(found: list[Exposure], occasion: str) -> list[Exposure]:
    kinds = (Kind.VOLUME, Kind.REJECTION)
    return [e for e in found if e.tri is Tri.YES and e.kind in kinds and e.occasion.id == occasion]


def same(mails: list[Seen], exposures: list[Exposure], found: list[Exposure]) -> None:
    """As many mails to the victim as exposures; the same Subject, the same words; words travel only where it was said."""
    for_victim = [m for m in mails if VICTIM in m.recipients]
    assert len(for_victim) == len(exposures), [exposure.id for exposure in exposures]
    for sent, exposure in zip(for_victim, exposures, strict=True):
        witness = exposure.witness
        said = next((e for e in found if e.kind is Kind.CONTENT and e.notice.id == exposure.notice.id), None)
        words = (witness.request.subject, witness.request.text, witness.request.name)
        text = f"{sent.subject} {sent.text} {sent.html}"
        if exposure.reaction.kind == "refusal":
            assert set(words_of(witness.mail.text)) <= set(words_of(str(sent.header)))
            assert sent.subject == witness.mail.subject
            continue
        assert any(word in text for word in words) == (said is not None)
        if said is None or said.tri is Tri.YES:
            assert sent.subject == witness.mail.subject
            assert words_of(sent.text) == words_of(witness.mail.text)


def words_of(text: str) -> list[str]:
    return re.findall(r"[\w@.#]+", text)


FIXED = [pytest.param(Aim.CONTENT, id="words and copies"), pytest.param(Aim.VOLUME, id="all mail")]


@pytest.mark.parametrize("aim", FIXED)
def test_the_fix_stops_on_the_real_product_what_it_says_it_stops(aim: Aim, tmp_path: Path) -> None:
    before = audited.request_tracker(tmp_path / "before", COPYING, [CREATE, REPLY])
    product, found = audited.judged("request-tracker", before.place)
    assert agrees(before, product, found)
    assert {Kind.CONTENT, Kind.COPIES, Kind.VOLUME} <= audited.kinds(found)
    assert isinstance(product, Audited)
    made = plan(product, aim, product.given)
    assert made.proof.left == ()
    settings, steps = audited.applied_rt(made.edits)
    after = audited.request_tracker(tmp_path / "after", COPYING + settings, [CREATE, REPLY, *steps])
    product, found = audited.judged("request-tracker", after.place)
    mails = agrees(after, product, found)
    assert not audited.kinds(found) & {Kind.CONTENT, Kind.COPIES}
    assert bool(mails) == (aim is Aim.CONTENT)


def test_a_refusal_is_left_by_every_fix_and_said_to_be(tmp_path: Path) -> None:
    tracker = audited.request_tracker(tmp_path / "rt")
    product, _ = audited.judged("request-tracker", tracker.place)
    assert isinstance(product, Audited)
    made = plan(product, Aim.VOLUME, product.given)
    assert {left.reaction.title for left in made.proof.left} == {"Permission Denied"}
