"""Real helpdesks from PyPI on loopback: each in its own environment under ``.e2e/``, seeded once, copied for each test.

The environments are made from ``requirements/e2e-*.txt`` (pinned, with hashes) the first time they are needed and made
again when that file changes. Nothing here talks to anything but loopback.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx2
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".e2e"
SITES = Path(__file__).parent / "sites"
QUEUE_ADDRESS = "support@helpdesk.example.org"
TRACKER_ADDRESS = "issue_tracker@helpdesk.example.org"


# --- environments and seeds -----------------------------------------------------------------------------------------


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Two test processes must not make the same environment at once."""
    PLACE.mkdir(exist_ok=True)
    with (PLACE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def version(product: str) -> str:
    """The version that is really installed."""
    code = f"import importlib.metadata; print(importlib.metadata.version({product!r}))"
    return _run([environment(product) / "python", "-c", code]).strip()


def _digest(*files: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def environment(product: str) -> Path:
    """The ``bin`` folder of the product's environment, made if missing or out of date (about 7 seconds)."""
    requirements = ROOT / "requirements" / f"e2e-{product}.txt"
    wanted = _digest(requirements)
    place = PLACE / product
    stamp = place / "made-from"
    with _locked(product):
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(place, ignore_errors=True)
            venv.create(place, with_pip=True)
            install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r"]
            _run([place / "bin/python", *install, requirements])
            stamp.write_text(wanted)
    return place / "bin"


def _run(command: list[Path | str], **settings: object) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **{name: str(value) for name, value in settings.items()}},
    )
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def _serving(command: list[Path | str], log: Path, **settings: object) -> Iterator[int]:
    """Start a server that prints its port; end it (and only it) afterwards."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **{name: str(value) for name, value in settings.items()}},
        )
        try:
            stdout: IO[str] | None = process.stdout
            assert stdout is not None
            line = stdout.readline()
            assert line.strip().isdigit(), log.read_text()
            yield int(line)
        finally:
            process.terminate()
            process.wait(timeout=10)
            if process.stdout is not None:
                process.stdout.close()


# --- the sink -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail that a product sent."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


HANG_UP = "hang up"


@dataclass  # without slots: aiosmtpd looks at every member, and Python 3.11.2 cannot show its own __weakref__
class Sink:
    """An SMTP server that keeps what it is given.

    ``on_mail`` is asked for the answer to MAIL, from what was kept in this session and the sender; ``on_data`` for the
    answer to a whole mail. A text is answered in place of 250, HANG_UP is no answer at all, None is a yes.
    """

    port: int = 0
    mails: list[Caught] = field(default_factory=list)
    took: Callable[[], None] = lambda: None
    on_mail: Callable[[int, str], str | None] = lambda kept, sender: None
    on_data: Callable[[Caught], str | None] = lambda caught: None
    kept: Counter[int] = field(default_factory=Counter)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return _said(server, self.on_mail(self.kept[id(session)], address.strip("<>")))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        caught = Caught((envelope.mail_from or "").strip("<>"), tuple(envelope.rcpt_tos), content)
        if (answer := self.on_data(caught)) is None:
            self.mails.append(caught)
            self.kept[id(session)] += 1
            self.took()
        return _said(server, answer)

    def to(self, address: str) -> list[Caught]:
        """The mails that name this address in their envelope."""
        return [mail for mail in self.mails if address in mail.recipients]


def _said(server: SMTP, answer: str | None) -> str:
    if answer == HANG_UP:
        server.transport.abort()
    return answer or "250 kept"


class _Listener(Controller):
    """aiosmtpd's controller on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def listening(sink: Sink | None = None) -> Iterator[Sink]:
    """A sink on its port, or on a free one."""
    sink = sink or Sink()
    listener = _Listener(sink, hostname="127.0.0.1", port=sink.port, decode_data=False, enable_SMTPUTF8=True)
    listener.start()
    sink.port = listener.port
    try:
        yield sink
    finally:
        listener.stop()


# --- django-helpdesk ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class DjangoHelpdesk:
    """A running django-helpdesk with one public queue, and an account for Stillpost as its page tells to make one."""

    url: str
    place: Path
    sink: Sink
    program: Path
    smtp_port: int
    queue: int = 1
    username: str = "stillpost"
    password: str = "stillpost-password"

    def post_form(self, address: str, title: str, body: str) -> None:
        """What any stranger can do with a browser."""
        with httpx2.Client(base_url=self.url, trust_env=False) as client:
            page = client.get("tickets/submit/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            assert token is not None
            form = {
                "csrfmiddlewaretoken": token[1],
                "queue": str(self.queue),
                "title": title,
                "body": body,
                "submitter_email": address,
                "priority": "3",
            }
            answer = client.post("tickets/submit/", data=form)
            assert answer.status_code == 302, answer.text

    def receive(self, name: str, mail: bytes) -> None:
        """Put a mail into the queue's mailbox and let the product fetch it."""
        (self.place / "inbox" / name).write_bytes(mail)
        self.run("fetch")

    def run(self, action: str, *words: str) -> None:
        """Run an action of ``sites/django_site.py`` beside the server: ``fetch``, ``close``, ``hush``, ``grow N``."""
        _django(self.program, action, self.place, self.smtp_port, *words)

    def set(self, **settings: object) -> None:
        """Django settings for the next action (a running server keeps those it started with)."""
        (self.place / "settings.json").write_text(json.dumps(settings))

    def tickets(self) -> list[dict[str, object]]:
        """All tickets, as the product's own API shows them to staff."""
        auth = httpx2.BasicAuth(self.username, self.password)
        with httpx2.Client(base_url=self.url, auth=auth, trust_env=False) as client:
            answer = client.get("api/tickets/", params={"page_size": "1000"})
            assert answer.status_code == 200, answer.text
            return list(answer.json()["results"])


def _django(program: Path, action: str, place: Path, sink_port: int, *words: str) -> None:
    command: list[Path | str] = [program, SITES / "django_site.py", action, *words]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "E2E_SITE": str(place), "E2E_SINK_PORT": str(sink_port)},
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def running_django_helpdesk(place: Path, sink: Sink, *, smtp_port: int = 0) -> Iterator[DjangoHelpdesk]:
    """A fresh django-helpdesk in ``place`` whose mail goes to the sink (or by ``smtp_port``, which leads there)."""
    program = environment("django-helpdesk") / "python"
    site = place / "django-helpdesk"
    shutil.copytree(_seed_django(program), site)
    command: list[Path | str] = [program, SITES / "django_site.py", "serve"]
    with _serving(command, place / "django.log", E2E_SITE=site, E2E_SINK_PORT=smtp_port or sink.port) as port:
        yield DjangoHelpdesk(f"http://127.0.0.1:{port}/helpdesk/", site, sink, program, smtp_port or sink.port)


def _seed_django(program: Path) -> Path:
    requirements = ROOT / "requirements/e2e-django-helpdesk.txt"
    seed = PLACE / f"django-seed-{_digest(requirements, *sorted(SITES.glob('django_*.py')))}"
    with _locked("django-seed"):
        if not (seed / "done").is_file():
            shutil.rmtree(seed, ignore_errors=True)
            seed.mkdir()
            _django(program, "seed", seed, 25)
            (seed / "done").touch()
    return seed


# --- Roundup --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Roundup:
    """A running Roundup (classic template) with an account for Stillpost as its page tells to make one."""

    url: str
    place: Path
    sink: Sink
    programs: Path
    username: str = "stillpost"
    password: str = "stillpost-password"

    def receive(self, mail: bytes) -> None:
        """Give the tracker a mail, as the MTA would."""
        done = subprocess.run(
            [self.programs / "roundup-mailgw", self.place], input=mail, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def configure(self, section: str, key: str, value: str) -> None:
        """Set one key of the tracker's ``config.ini``; the mail gateway reads it at once."""
        config = self.place / "config.ini"
        before, mark, after = config.read_text().partition(f"\n[{section}]\n")
        changed, count = re.subn(rf"(?m)^#?\s*{key} = .*$", f"{key} = {value}", after, count=1)
        assert mark
        assert count == 1, f"{section}.{key}"
        config.write_text(before + mark + changed)

    def admin(self, *command: str) -> str:
        """Run one ``roundup-admin`` command."""
        return _run([self.programs / "roundup-admin", "-i", self.place, *command])

    def issues(self) -> list[str]:
        """The ids of all issues."""
        return [issue for issue in self.admin("-s", "list", "issue", "id").split() if issue.isdigit()]


@contextmanager
def running_roundup(place: Path, sink: Sink, *, auto_reply: bool = False, smtp_port: int = 0) -> Iterator[Roundup]:
    """A fresh Roundup in ``place``; ``auto_reply`` switches on what makes it answer strangers' mail.

    Its mail goes to the sink, or by ``smtp_port``, which leads there.
    """
    programs = environment("roundup")
    tracker = place / "roundup"
    shutil.copytree(_seed_roundup(programs, auto_reply), tracker)
    config = tracker / "config.ini"
    config.write_text(re.sub(r"(?m)^port = \d+$", f"port = {smtp_port or sink.port}", config.read_text(), count=1))
    with _serving([programs / "python", SITES / "roundup_site.py", tracker], place / "roundup.log") as port:
        yield Roundup(f"http://127.0.0.1:{port}/", tracker, sink, programs)


def _seed_roundup(programs: Path, auto_reply: bool) -> Path:
    own = (ROOT / "requirements/e2e-roundup.txt", ROOT / "docs/helpdesks/roundup.md", Path(__file__))
    seed = PLACE / f"roundup-seed-{_digest(*own)}{'-auto-reply' if auto_reply else ''}"
    with _locked("roundup-seed"):
        if not (seed / "done").is_file():
            shutil.rmtree(seed, ignore_errors=True)
            admin: list[Path | str] = [programs / "roundup-admin", "-i", seed]
            _run([*admin, "install", "classic", "sqlite"])
            _configure_roundup(seed, auto_reply)
            _run([*admin, "initialise", "admin-password"])
            for name, role in (("stillpost", "User"), ("intake", "Intake")):
                _run([*admin, "create", "user", f"username={name}", "password=stillpost-password", f"roles={role}"])
            (seed / "done").touch()
    return seed


def _configure_roundup(tracker: Path, auto_reply: bool) -> None:
    config = tracker / "config.ini"
    text = config.read_text()
    changes = {
        "#domain = NO DEFAULT": "domain = helpdesk.example.org",
        "#host = NO DEFAULT": "host = 127.0.0.1",
        "#web = NO DEFAULT": "web = http://127.0.0.1:1/",
    }
    if auto_reply:
        changes["messages_to_author = no"] = "messages_to_author = new"
        schema = tracker / "schema.py"
        line = "db.security.addPermissionToRole('Anonymous', 'Email Access')"
        assert f"#{line}" in schema.read_text()
        schema.write_text(schema.read_text().replace(f"#{line}", line))
    for old, new in changes.items():
        assert f"\n{old}\n" in text, old
        text = text.replace(f"\n{old}\n", f"\n{new}\n", 1)
    config.write_text(text)
    schema = tracker / "schema.py"
    schema.write_text(f"{schema.read_text()}\n{_page_code('roundup', 'python')}\n")


def _page_code(product: str, language: str) -> str:
    """The one block of code in this language on the product's page: what we tell people to do is what we test."""
    page = (ROOT / "docs/helpdesks" / f"{product}.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```", page)
    return str(code)
