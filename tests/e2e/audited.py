"""Probes for the audit: configure a real helpdesk, read its settings as an operator would, send what the audit says."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.product import Edit, Product
from stillpost.audit.walk import exposures
from stillpost.helpdesks.auditing import audited
from tests.e2e import products

VICTIM = "victim@example.com"
COPIED = ("copied-one@example.org", "copied-two@example.net")
STRANGER = "stranger@example.org"
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
Change = tuple[str, int | str, str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail that really came out: for whom, with which subject, which text (as text and as HTML)."""

    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    header: Message


def seen(mails: Sequence[products.Caught]) -> list[Seen]:
    """The mails in a sink, decoded."""
    return [_decoded(mail) for mail in mails]


def _decoded(mail: products.Caught) -> Seen:
    message = message_from_bytes(mail.content)
    texts = {"text/plain": "", "text/html": ""}
    for part in message.walk():
        if part.get_content_type() in texts and not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            texts[part.get_content_type()] += payload.decode(part.get_content_charset() or "utf-8")
    subject = str(make_header(decode_header(message["Subject"] or "")))
    return Seen(mail.recipients, _flat(subject), _flat(texts["text/plain"]), texts["text/html"], message)


def _flat(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def comparable(text: str) -> str:
    """A text without what is the moment's: links, dates, the blank edges."""
    text = re.sub(r"https?://\S+", "LINK", _flat(text))
    text = re.sub(r"(?m)[ \t]+$", "", text)
    return text.strip()


def judged(name: str, place: Path) -> tuple[Product, list[Exposure]]:
    """The audit of a place on disk, as an operator would run it."""
    entry = audited(name)
    product, words = entry.build(entry.read(place, "loopback", MOMENT), {})
    return product, list(exposures(product.desk, product, words))


def kinds(found: Sequence[Exposure]) -> set[Kind]:
    """What is surely exposed."""
    from stillpost.audit.logic import Tri

    return {exposure.kind for exposure in found if exposure.tri is Tri.YES}


# --- django-helpdesk ------------------------------------------------------------------------------------------------


@contextmanager
def django_helpdesk(
    place: Path, sink: products.Sink, changes: Sequence[Change], settings: dict[str, Any]
) -> Iterator[products.DjangoHelpdesk]:
    """A django-helpdesk with these rows and settings, running."""
    program = products.environment("django-helpdesk") / "python"
    site = place / "django-helpdesk"
    shutil.copytree(products._seed_django(program), site)
    (site / "settings.json").write_text(json.dumps(settings))
    _export(program, site)
    change_django(program, site, changes)
    command: list[Path | str] = [program, products.SITES / "django_site.py", "serve"]
    with products._serving(command, place / "django.log", E2E_SITE=site, E2E_SINK_PORT=sink.port) as port:
        yield products.DjangoHelpdesk(f"http://127.0.0.1:{port}/helpdesk/", site, sink, program, sink.port)


def _export(program: Path, site: Path) -> None:
    """The product's own footers beside its database, as docs/audit/django-helpdesk.md says."""
    code = "import helpdesk, pathlib; print(pathlib.Path(helpdesk.__file__).parent / 'templates/helpdesk')"
    where = subprocess.run([program, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    for footer in Path(where).glob("*/email_text_footer.txt"):
        target = site / "templates/helpdesk" / footer.parent.name
        target.mkdir(parents=True)
        shutil.copy(footer, target)


def change_django(program: Path, site: Path, changes: Sequence[Change]) -> None:
    """Set fields of rows."""
    done = subprocess.run(
        [program, products.SITES / "django_change.py"],
        input=json.dumps([list(change) for change in changes]),
        text=True,
        capture_output=True,
        check=False,
        env={"E2E_SITE": str(site), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr


def applied_django(edits: Sequence[Edit]) -> tuple[list[Change], dict[str, Any]]:
    """The audit's edits as changes of rows and settings."""
    models = {"templates": "emailtemplate", "queues": "queue"}
    changes: list[Change] = []
    settings: dict[str, Any] = {}
    for edit in edits:
        resource, _, rest = edit.path.partition("/")
        if resource == "settings":
            settings[rest] = edit.new
        else:
            ident, _, name = rest.partition("/")
            changes.append((models[resource], int(ident), name, edit.new))
    return changes, settings


def mail(subject: str, text: str, sender: str, recipient: str, copies: Sequence[str] = ()) -> bytes:
    """A mail that says to come from somebody."""
    cc = f"Cc: {', '.join(copies)}\r\n" if copies else ""
    return (
        f"From: Quorvane <{sender}>\r\nTo: {recipient}\r\n{cc}Subject: {subject}\r\n"
        f"Message-ID: <{abs(hash((subject, sender)))}@example.net>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()


# --- Roundup --------------------------------------------------------------------------------------------------------

Turn = tuple[str, ...]
"""A change: ``(section, key, value)`` of ``config.ini``, or ``("grant" | "revoke", arguments of the call…)``."""


@contextmanager
def roundup(place: Path, sink: products.Sink, changes: Sequence[Turn]) -> Iterator[products.Roundup]:
    """A Roundup with these settings and one registered person, running."""
    programs = products.environment("roundup")
    tracker = place / "roundup"
    shutil.copytree(products._seed_roundup(programs, False), tracker)
    config = tracker / "config.ini"
    config.write_text(re.sub(r"(?m)^port = \d+$", f"port = {sink.port}", config.read_text(), count=1))
    made = products.Roundup("", tracker, sink, programs)
    made.configure("web", "registration_delay", "0")
    for change in changes:
        _turn(made, change)
    for name, address in (
        ("known", "known@example.com"),
        ("second", "second@example.org"),
        ("third", "third@example.org"),
    ):
        made.admin("create", "user", f"username={name}", f"address={address}", "roles=User", "realname=Quorvane")
    with products._serving([programs / "python", products.SITES / "roundup_site.py", tracker], place / "log") as port:
        made.url = f"http://127.0.0.1:{port}/"
        yield made


def _turn(tracker: products.Roundup, change: Turn) -> None:
    what, *words = change
    schema = tracker.place / "schema.py"
    for call in words if what in ("grant", "revoke") else ():
        line = f"db.security.addPermissionToRole({call})"
        if what == "grant":
            schema.write_text(f"{schema.read_text()}\n{line}\n")
        else:
            assert f"\n{line}\n" in schema.read_text(), line
            schema.write_text(schema.read_text().replace(f"\n{line}\n", f"\n#{line}\n"))
    if what not in ("grant", "revoke"):
        tracker.configure(what, words[0], words[1])


def applied_roundup(edits: Sequence[Edit]) -> list[Turn]:
    """The audit's edits as an operator would make them."""
    turns: list[Turn] = []
    for edit in edits:
        resource, first, second = edit.path.split("/")
        if resource == "config":
            turns.append((first, second, str(edit.new)))
        else:
            permission, _, klass = second.partition(" ")
            turns.append(("revoke", f"'{first.capitalize()}', '{permission}', '{klass}'"))
    return turns


# --- Request Tracker (Debian's request-tracker5) --------------------------------------------------------------------

RT_NAME = "helpdesk.example.org"
RT_SETTINGS = """\
Set($rtname, '{name}');
Set($Organization, '{name}');
Set($CorrespondAddress, 'rt@{name}');
Set($WebDomain, '127.0.0.1');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{place}/rt.sqlite');
Set($MailCommand, 'sendmailpipe');
Set($SendmailPath, '{place}/keep');
Set($SendmailArguments, '{place}/out');
Set($LogToSTDERR, 'emerg');
Set($LogToSyslog, undef);
Set($Timezone, 'UTC');
{more}
1;
"""


@dataclass(slots=True)
class RequestTracker:
    """An RT with its own settings and database in ``place``; its mails are kept as files."""

    place: Path

    def steps(self, *steps: Sequence[object]) -> list[list[Seen]]:
        """Do these steps of ``sites/rt_site.pl`` in one process; the mails that each made RT send."""
        told = _rt(self.place, ["perl", str(products.SITES / "rt_site.pl")], json.dumps(steps))
        return [[_kept(Path(file)) for file in json.loads(line)] for line in told.splitlines()]


def _kept(file: Path) -> Seen:
    content = file.read_bytes()
    header = message_from_bytes(content)
    to = [address for name in ("To", "Cc", "Bcc") for _, address in getaddresses(header.get_all(name, []))]
    return _decoded(products.Caught("", tuple(to), content))


def _rt(place: Path, command: list[str], given: str = "") -> str:
    settings = {"RT_SITE_CONFIG": str(place / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": "/dev/null"}
    where = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        command, input=given, text=True, capture_output=True, check=False, env={**settings, "PATH": where}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def request_tracker(place: Path, settings: str = "", steps: Sequence[Sequence[object]] = ()) -> RequestTracker:
    """An RT with the database of a fresh installation, these settings beside the usual ones, and these steps done."""
    (place / "out").mkdir(parents=True)
    (place / "keep").write_text('#!/bin/sh\nexec cat > "$1/$(date +%s%N).eml"\n')
    (place / "keep").chmod(0o755)
    (place / "RT_SiteConfig.pm").write_text(RT_SETTINGS.format(name=RT_NAME, place=place, more=settings))
    shutil.copy(_seed_rt(), place / "rt.sqlite")
    made = RequestTracker(place)
    made.steps(*steps)
    return made


def _seed_rt() -> Path:
    version = subprocess.run(["dpkg-query", "-W", "request-tracker5"], capture_output=True, check=False).stdout
    seed = products.PLACE / f"rt-seed-{hashlib.sha256(version).hexdigest()[:16]}"
    with products._locked("rt-seed"):
        if not (seed / "done").is_file():
            shutil.rmtree(seed, ignore_errors=True)
            seed.mkdir()
            (seed / "RT_SiteConfig.pm").write_text(RT_SETTINGS.format(name=RT_NAME, place=seed, more=""))
            _rt(seed, ["rt-setup-database-5", "--action", "init", "--skip-create"])
            (seed / "done").touch()
    return seed / "rt.sqlite"


def applied_rt(edits: Sequence[Edit]) -> tuple[str, list[Sequence[object]]]:
    """The audit's edits as settings and steps."""
    settings = ""
    steps: list[Sequence[object]] = []
    for edit in edits:
        resource, ident, *_ = edit.path.split("/")
        if resource == "config":
            settings += f"Set(${ident}, undef);\n"
        elif resource == "templates":
            steps.append(("template", int(ident), edit.new))
        else:
            steps.append(("disable", int(ident)))
    return settings, steps
