"""Three real helpdesks before and after ``--fix``: the mails themselves, on a page that this test writes and checks."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.e2e import audited, products
from tests.e2e.audited import RT_NAME, VICTIM, Seen, comparable
from tests.e2e.conftest import Needs

from stillpost.audit.exposure import Kind
from stillpost.audit.fix import Plan, plan
from stillpost.audit.product import Aim, Product
from stillpost.audit.witness import Words
from stillpost.helpdesks.auditing import difference

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[3] / "docs/audit/before-and-after.md"
HEAD = """# Before and after `--fix`

Three real helpdesks, each as many people run it. The audit reads its settings; the request of the worst finding is sent to it, and
the first mail below is what came out, not what was predicted (the tests compare the two). Then the changes of `--fix` are made,
and the same request is sent again. Invented words (Quorvane, Zimbrolt, Fendaluri) are the stranger's; numbers are written `#`.
Of the mails and of the changes only what differs is shown; `[…]` is the helpdesk's own text.

One mail to an unproven address is left where there was one: that is what Stillpost's form is for (and `--fix volume`).

This page is written by the test that measures it, `tests/e2e/t-30-audit/test_before_and_after.py`, and fails it when it is old.
"""
ELSE = "[…]"


def fixed(product: Product, given: Words) -> Plan:
    made = plan(product, Aim.CONTENT, given)
    assert [left for left in made.proof.left if left.kind in (Kind.CONTENT, Kind.COPIES)] == []
    return made


def shown(mails: Sequence[Seen]) -> list[str]:
    """The mail to the victim, line by line; nothing if there was none."""
    found = [mail for mail in mails if VICTIM in mail.recipients]
    if not found:
        return []
    text = comparable(f"Subject: {found[0].subject}\n\n{found[0].text}")
    text = re.sub(r"_{10,}", "_" * 20, re.sub(r"[0-9]+", "#", text))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def differing(mine: list[str], other: list[str]) -> str:
    """A text's lines that the other one does not have; runs of what both have are the helpdesk's own."""
    lines: list[str] = []
    for line in mine:
        if line not in other or line.startswith("Subject:"):
            lines.append(line)
        elif lines[-1:] != [ELSE]:
            lines.append(ELSE)
    return "```\n" + "\n".join(lines) + "\n```\n" if lines else "No mail.\n"


def section(title: str, before: list[str], made: Plan, after: list[str]) -> str:
    lines = []
    for edit in made.edits:
        old, new = (text.splitlines() for text in difference(edit.old, edit.new))
        come = [] if edit.new is None else [line for line in new if line.strip() and line not in old]
        gone = [line for line in old if line.strip() and (line not in new or edit.new is None)]
        lines += [f"# {edit.path}", *(f"- {line}" for line in gone), *(f"+ {line}" for line in come)]
    changes = "```diff\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n"
    lost = "".join(f"- {loss}\n" for loss in made.loses)
    told = f"\nWhat people lose by it:\n\n{lost}" if lost else ""
    mails = differing(before, after), differing(after, before)
    return f"\n## {title}\n\nBefore:\n\n{mails[0]}\nThe smallest fix:\n\n{changes}{told}\nAfter:\n\n{mails[1]}"


def of_django_helpdesk(place: Path, sink: products.Sink) -> str:
    def ask(helpdesk: products.DjangoHelpdesk, given: Words) -> list[str]:
        sink.mails.clear()
        helpdesk.post_form(VICTIM, given.subject, given.text)
        return shown(audited.seen(sink.mails))

    with audited.django_helpdesk(place / "before", sink, [], {}) as helpdesk:
        product, _ = audited.judged("django-helpdesk", helpdesk.place)
        given: Words = product.given  # type: ignore[attr-defined]  # every product of ours has them
        before = ask(helpdesk, given)
    made = fixed(product, given)
    changes, settings = audited.applied_django(made.edits)
    with audited.django_helpdesk(place / "after", sink, changes, settings) as helpdesk:
        return section("django-helpdesk 2.6.1, as installed: the form", before, made, ask(helpdesk, given))


def of_roundup(place: Path, sink: products.Sink) -> str:
    leaking: list[audited.Turn] = [("grant", "'Anonymous', 'Email Access'"), ("nosy", "messages_to_author", "new")]

    def ask(tracker: products.Roundup, given: Words) -> list[str]:
        sink.mails.clear()
        head = f"From: {given.name} <{VICTIM}>\r\nTo: {products.TRACKER_ADDRESS}\r\nSubject: {given.subject}\r\n\r\n"
        tracker.receive(f"{head}{given.text}\r\n".encode())
        return shown(audited.seen(sink.mails))

    with audited.roundup(place / "before", sink, leaking) as tracker:
        product, _ = audited.judged("roundup", tracker.place)
        given: Words = product.given  # type: ignore[attr-defined]  # as above
        before = ask(tracker, given)
    made = fixed(product, given)
    with audited.roundup(place / "after", sink, [*leaking, *audited.applied_roundup(made.edits)]) as tracker:
        return section(
            "Roundup 2.6.0 that answers new mail: a mail with a forged From", before, made, ask(tracker, given)
        )


def of_request_tracker(place: Path) -> str:
    open_to_all = [("grant", "CreateTicket", "Everyone"), ("grant", "ReplyToTicket", "Everyone")]

    def ask(tracker: audited.RequestTracker, given: Words) -> list[str]:
        mail = f"From: {given.name} <{VICTIM}>\nTo: rt@{RT_NAME}\nSubject: {given.subject}\n\n{given.text}\n"
        return shown(tracker.steps(("mail", mail))[0])

    tracker = audited.request_tracker(place / "before", "", open_to_all)
    product, _ = audited.judged("request-tracker", tracker.place)
    given: Words = product.given  # type: ignore[attr-defined]  # as above
    before = ask(tracker, given)
    made = fixed(product, given)
    settings, steps = audited.applied_rt(made.edits)
    after = audited.request_tracker(place / "after", settings, [*open_to_all, *steps])
    title = "Request Tracker 5.0.3 that takes mail from everybody: a mail with a forged From"
    return section(title, before, made, ask(after, given))


def test_the_page_shows_the_mails_of_the_real_products(needs: Needs, tmp_path: Path, sink: products.Sink) -> None:
    needs("rt-setup-database-5", "perl")
    parts = [
        of_django_helpdesk(tmp_path / "django", sink),
        of_roundup(tmp_path / "roundup", sink),
        of_request_tracker(tmp_path / "rt"),
    ]
    assert all("Zimbrolt" in part.partition("The smallest fix")[0] for part in parts)
    assert all(
        not {"Zimbrolt", "Fendaluri", "Quorvane"} & set(re.findall(r"\w+", part.partition("After:")[2]))
        for part in parts
    )
    wanted = HEAD + "".join(parts)
    if os.environ.get("STILLPOST_WRITE_PAGES"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted, f"{PAGE.name} is old: run this test with STILLPOST_WRITE_PAGES=1"
