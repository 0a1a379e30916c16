"""Reports on disk: for each tenant one ARF, one XARF, and the mail they are about; and a page that says whom to send them.

They are written, and sent only by a person. A tenant that nobody vouches for gets none: anybody may have written its name
into a mail, and a report would frame it.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, final
from uuid import UUID

from stillpost.language import N_, translate
from stillpost.mail.abuse import Incident, Reporter, arf, recipients, xarf
from stillpost.mail.message import MessageError, read
from stillpost.mail.redaction import redacted_header
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import EVIDENCE_MAX_BYTES, MailboxError, Where
from stillpost.model import Tenant
from stillpost.scan.detail import Detail
from stillpost.scan.result import Result, stamp
from stillpost.scan.wave import Sender

REPORTS_MAX: Final = 5_000  # of one scan
NAME_MAX_LENGTH: Final = 60
INDEX: Final = "README.txt"

_UNSAFE = re.compile(r"[^a-z0-9.-]+")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who reports, when (aware), whether without the reporter's address in the evidence, in which language the page is."""

    reporter: Reporter
    at: datetime
    new_id: Callable[[], UUID]
    redact: bool = False
    language: str = "en"


@final
@dataclass(frozen=True, slots=True)
class Written:
    """One report: its folder, its tenant, whom it goes to, and why a part of it is missing (empty where none is)."""

    folder: str
    sender: Sender
    to: tuple[str, ...]
    missing: str = ""


def write_reports(result: Result, mailbox: Mailbox, folder: Path, wanted: Wanted) -> list[Written]:
    """Write the reports on every wave into ``folder``, which is new or empty. Raises MailboxError.

    Nothing is overwritten, and nobody but its owner may read what is written: it is private mail.
    """
    _make_folder(folder)
    senders = [(finding.wave.number, sender) for finding in result.findings for sender in finding.senders]
    vouched = [(wave, sender) for wave, sender in senders if sender.detail.authenticated][:REPORTS_MAX]
    by_place: dict[Where, list[tuple[int, int, Sender]]] = {}
    for number, (wave, sender) in enumerate(vouched, 1):
        by_place.setdefault(Where(*sender.note.where), []).append((number, wave, sender))
    written: dict[int, Written] = {}
    try:
        for where, raw in mailbox.read_many(by_place, EVIDENCE_MAX_BYTES):
            for number, wave, sender in by_place[where]:
                name = f"{number:03d}-wave{wave}-{_slug(tenant_of(sender.detail))}"
                written[number] = _write(folder, name, sender, raw, wanted)
        found = [written[number] for number in sorted(written)]
        left_out = len(senders) - len(vouched)
        _put(folder / INDEX, ("\n".join(_index(found, left_out, wanted)) + "\n").encode())
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        raise MailboxError(message) from error
    return found


def tenant_of(detail: Detail) -> Tenant:
    """The tenant as reports and rules name it."""
    return Tenant(
        platform=detail.platform,
        tenant=detail.tenant,
        organization=detail.organization,
        ticket=detail.ticket,
        authenticated=detail.authenticated,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            message = f"{folder} is not empty: give a new folder for the reports"
            raise MailboxError(message)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}"
        raise MailboxError(message) from error


def _write(folder: Path, name: str, sender: Sender, raw: bytes | None, wanted: Wanted) -> Written:
    tenant = tenant_of(sender.detail)
    to = recipients(tenant, dmarc_passed=sender.dmarc)
    if raw is None:
        return Written(name, sender, to, N_("its mail is gone from the mailbox"))
    detail = sender.detail
    incident = Incident(
        tenant=tenant,
        messages=sender.messages,
        first=datetime.fromtimestamp(sender.first, UTC),
        last=datetime.fromtimestamp(sender.last, UTC),
        evidence=raw,
        arrived=datetime.fromtimestamp(sender.note.at, UTC),
        source_ip=detail.source_ip,
        envelope_sender=detail.envelope_sender,
        recipient=wanted.reporter.address,
    )
    report_id = wanted.new_id()
    try:
        mail = arf(incident, wanted.reporter, to, report_id=report_id, at=wanted.at, redact=wanted.redact)
    except MessageError:
        return Written(name, sender, to, N_("its mail cannot be read"))
    there = folder / name
    there.mkdir(mode=0o700)
    _put(there / "report.eml", mail)
    evidence = redacted_header(read(raw), wanted.reporter.address) if wanted.redact else raw
    _put(there / ("mail-header.txt" if wanted.redact else "mail.eml"), evidence)
    try:
        text = xarf(incident, wanted.reporter, report_id=report_id, at=wanted.at, redact=wanted.redact)
    except (ValueError, MessageError):
        return Written(name, sender, to, N_("too little is known for a XARF"))
    _put(there / "report.xarf.json", text.encode())
    return Written(name, sender, to)


def _put(path: Path, content: bytes) -> None:
    """A new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _slug(tenant: Tenant) -> str:
    """A file name out of what a stranger may have chosen."""
    name = "-".join(filter(None, [tenant.platform, tenant.tenant or tenant.organization]))
    return _UNSAFE.sub("-", name.lower()).strip("-.")[:NAME_MAX_LENGTH] or "unknown"


def _plain(text: str) -> str:
    """What a stranger wrote, as one line of visible characters."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _index(written: list[Written], left_out: int, wanted: Wanted) -> Iterator[str]:
    def say(text: str, **values: object) -> str:
        return translate(text, wanted.language).format(**values)

    yield say(N_("Reports on what was sent to {address}"), address=wanted.reporter.address)
    yield ""
    yield say(N_("Nothing was sent. Each folder is a report on one sender; send those that you want to send yourself:"))
    yield say(N_("  report.eml        the report for an abuse desk (ARF): open it in your mail program and send it"))
    yield say(N_("  report.xarf.json  the same for programs (XARF): attach it where they ask for it"))
    if wanted.redact:
        yield say(N_("  mail-header.txt   the header of one of the mails, without your address"))
    else:
        yield say(N_("  mail.eml          one of the mails as it came: attach it if they ask for the original"))
    yield say(N_("They are private mail: do not publish them."))
    yield ""
    for each in written:
        detail = each.sender.detail
        yield each.folder
        name = _plain(detail.organization or detail.tenant)
        yield say(
            N_("  {messages} mails of {name}, {first} to {last}"),
            messages=each.sender.messages,
            name=name,
            first=stamp(each.sender.first),
            last=stamp(each.sender.last),
        )
        nobody = say(N_("no address is known for certain; look for the company's abuse contact"))
        yield say(N_("  to: {addresses}"), addresses=", ".join(each.to) or nobody)
        if each.missing:
            yield "  " + say(each.missing)
    if left_out:
        yield ""
        yield say(
            N_("{count} senders have no report: nobody vouches for who they are, and it would frame a company."),
            count=left_out,
        )
