"""A real ``stillpost serve`` process on loopback: configured, started, killed, started again on the same state.

Beside it what a person does: fill in a form, open a link, write a first mail.
"""

import asyncio
import html
import json
import random
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx2

from stillpost.service.control import ask_control

AUTHSERV = "mx.portal.example"
PROVE = "prove@portal.example"
FROM = "support@portal.example"

File = tuple[str, bytes]


def eventually(check: Callable[[], object], what: Callable[[], str] | str, seconds: float = 30) -> Any:
    """The first true value of ``check``; fails with ``what`` if there is none in time."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while True:
        if value := check():
            return value
        assert time.monotonic() < until, f"not in {seconds} seconds: {what() if callable(what) else what}"
        pause.wait(0.02)


def free_port() -> int:
    """A port nobody listens on, outside of the range from which systems take theirs."""
    for port in random.sample(range(10_000, 30_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    message = "no free port"
    raise RuntimeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a visitor was told: the status, the state, and what his page offers."""

    status: int
    text: str
    state: str = ""
    id: str = ""
    secret: str = ""
    code: str = ""


@dataclass(slots=True, kw_only=True)
class Stillpost:
    """One installation: a config, a state folder, and (most of the time) a process."""

    place: Path
    state: Path
    port: int
    mail_port: int
    process: "subprocess.Popen[str] | None" = None
    before: Sequence[str] = ()
    program: Sequence[str] = ("-m", "stillpost")
    starts: int = 0
    announced: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def seen(self) -> Path:
        """The state folder as the process sees it: it may live in a mount namespace of its own."""
        return Path(f"/proc/{self.process.pid}/root{self.state}") if self.process and self.before else self.state

    @property
    def config(self) -> Path:
        return self.place / "stillpost.toml"

    @property
    def log(self) -> Path:
        return self.place / "stillpost.log"

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one ``stillpost`` command on this installation."""
        command = [sys.executable, "-m", "stillpost", *words, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=self.place)

    def launch(self) -> "subprocess.Popen[str]":
        """Start the process; it may not be ready yet."""
        assert self.process is None
        command = [*self.before, sys.executable, *self.program, "serve", "--config", str(self.config)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.place)
        self.starts += 1
        return self.process

    def ready(self) -> None:
        """Wait until the process takes requests; fails with what it said if it ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.announced = []
        for line in self.process.stdout:
            self.announced.append(line.rstrip())
            if line.startswith("stop with"):
                return
        self.process.wait()
        raise AssertionError(f"stillpost serve ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")

    def start(self) -> None:
        self.launch()
        self.ready()

    def stopping(self) -> None:
        """Wait until nobody listens any more."""

        def refused() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) != 0

        eventually(refused, "the port closes", 60)

    def kill(self) -> None:
        """``kill -9``, at once."""
        self._end(lambda process: process.kill())

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(lambda process: process.terminate())

    def _end(self, end: Callable[["subprocess.Popen[str]"], None]) -> int:
        process, self.process = self.process, None
        assert process is not None
        end(process)
        try:
            code = process.wait(timeout=40)
        finally:
            if process.stdout is not None:
                process.stdout.close()
        return code

    def outbox(self) -> int:
        """How many challenges and tickets are on their way out, as the running service says; -1 if it does not answer."""
        try:
            with ThreadPoolExecutor(1) as elsewhere:  # a browser's own loop may be running in this thread
                checks = elsewhere.submit(asyncio.run, ask_control(self.seen, "doctor", {})).result()
        except OSError:
            return -1
        return next(int(check["outbox"]) for check in checks if check["name"] == "outbox")

    def idle(self, seconds: float = 30) -> None:
        """Wait until nothing is on its way out."""
        eventually(lambda: self.outbox() == 0, lambda: self.log.read_text()[-2000:], seconds)

    # --- what people do ---------------------------------------------------------------------------------------------

    def client(self, ip: str = "198.51.100.7") -> httpx2.Client:
        """A browser at this address (the test stands for a trusted proxy)."""
        headers = {"X-Forwarded-For": ip}
        return httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    def ask(
        self,
        email: str,
        subject: str,
        text: str = "Please help.",
        *,
        ip: str = "198.51.100.7",
        portal: str = "support",
        files: Sequence[File] = (),
        **more: str,
    ) -> Answer:
        """Open the form and send it, as a browser without script does."""
        with self.client(ip) as client:
            page = client.get(f"/p/{portal}").text
            fields = {"name": "", "email": email, "subject": subject, "message": text, "page": hidden(page, "page")}
            sent = [("attachments", (name, content, "application/octet-stream")) for name, content in files]
            return told(client.post(f"/p/{portal}", data=fields | more, files=sent or None))

    def call(self, body: Mapping[str, object], *, portal: str = "support", **headers: str) -> "httpx2.Response":
        """Call the API."""
        with self.client() as client:
            path = f"/api/v1/portals/{portal}/requests"
            return client.post(
                path, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )

    def confirm(self, challenge: bytes, subjects: Sequence[str] | None = None, *, ip: str = "198.51.100.7") -> str:
        """Open the link in a challenge, tick (everything, or what has these subjects), send; the answer's page."""
        with self.client(ip) as client:
            path = link(challenge, "confirm")
            waiting = listed(client.get(path).text)
            mine = [number for number, subject in waiting if subjects is None or subject in subjects]
            return str(
                client.post(
                    path, data={"answer": "ticked", "mine": mine, "shown": [number for number, _ in waiting]}
                ).text
            )

    def first_mail(self, sender: str, code: str) -> tuple[int, str]:
        """Send the first mail, as the operator's mail server hands it over once it has checked it; the answer."""
        return hand_over(self.mail_port, first_mail(sender, code), sender, prove_address(code))

    def stands(self, secret: str) -> str:
        """Where a request stands, as its page says; empty where the page knows nothing of it."""
        with self.client() as client:
            answer = client.get(f"/r/{secret}")
        if answer.status_code == 404:
            return ""
        assert answer.status_code == 200, answer.text
        return _STANDS[state_of(answer.text)]

    def journal(self, event: str) -> list[str]:
        """The journal's lines about an event, of all starts."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{") and f'"{event}"' in line]
        return [line for line in lines if json.loads(line)["event"] == event]


# --- pages and mails ------------------------------------------------------------------------------------------------

_STANDS = {
    "challenged": "waiting",
    "mail-first": "waiting",
    "accepted": "taken in",
    "delivered": "taken in",
    "dropped": "deleted",
    "expired": "deleted",
}


def state_of(page: str) -> str:
    """The state that a page tells in words, as it says it to programs; empty where it tells none."""
    match = re.search(r'<main [^>]*data-state="([a-z-]+)"', page)
    return match[1] if match else ""


def told(answer: "httpx2.Response") -> Answer:
    """What the page after the form says."""
    text = answer.text

    def found(pattern: str) -> str:
        match = re.search(pattern, text)
        return match[1] if match else ""

    return Answer(
        status=answer.status_code,
        text=text,
        state=state_of(text),
        id=found(r'id="reference">([^<]+)<'),
        secret=found(r'href="/r/([0-9a-f]{32})[?"]'),
        code=found(r'id="mail-first-subject">([a-z2-7]{26})<'),
    )


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match is not None, page
    return match[1]


def listed(page: str) -> list[tuple[str, str]]:
    """What a confirm page shows: id and subject of each request."""
    found = re.findall(r'name="mine" value="([^"]+)"[^>]*>\s*<bdi>(.*?)</bdi>', page)
    return [(number, html.unescape(subject)) for number, subject in found]


def words(mail: bytes) -> str:
    """A mail's text, decoded."""
    body = message_from_bytes(mail).get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()


def link(challenge: bytes, what: str) -> str:
    """The path of the ``confirm`` or ``not-me`` link in a challenge."""
    match = re.search(rf"http://127\.0\.0\.1:\d+(/{what}/\S+)", words(challenge))
    assert match is not None, challenge
    return match[1]


def prove_address(code: str) -> str:
    local, _, domain = PROVE.partition("@")
    return f"{local}+{code}@{domain}"


def first_mail(sender: str, code: str, **more: str) -> bytes:
    """A fresh mail of the sender's own to the proof address, with what the operator's mail server found about it."""
    domain = sender.rpartition("@")[2]
    fields = {
        "Authentication-Results": f"{AUTHSERV}; dmarc=pass header.from={domain}; spf=pass smtp.mailfrom={sender}",
        "Received": f"from mail.{domain} by {AUTHSERV}; Mon, 23 Nov 2026 10:00:00 +0000",
        "From": sender,
        "To": prove_address(code),
        "Subject": code,
        "Message-ID": f"<{code}@{domain}>",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n\r\n"


def hand_over(port: int, mail: bytes, sender: str, recipient: str) -> tuple[int, str]:
    """Give a mail to an SMTP listener; its answer."""
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname=AUTHSERV, timeout=30) as client:
            client.sendmail(sender, [recipient], mail)
    except smtplib.SMTPRecipientsRefused as error:
        ((code, said),) = error.recipients.values()
        return code, said.decode()
    except smtplib.SMTPDataError as error:
        return error.smtp_code, error.smtp_error.decode() if isinstance(error.smtp_error, bytes) else error.smtp_error
    return 250, ""


# --- configuration --------------------------------------------------------------------------------------------------

WIDE = {
    "challenges_total": "1000000/1h",
    "challenges_per_source": "1000000/1h",
    "challenges_per_domain": ["1000000/1h"],
}
"""Limits that no test meets by chance."""


def toml(tables: Mapping[str, Mapping[str, object]]) -> str:
    """Tables as TOML; values are text, numbers, truth or lists of text."""

    def value(item: object) -> str:
        if isinstance(item, bool):
            return str(item).lower()
        if isinstance(item, list | tuple):
            return f"[{', '.join(value(part) for part in item)}]"
        return str(item) if isinstance(item, int) else f"'{item}'"

    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {value(item)}\n" for key, item in table.items())
        for name, table in tables.items()
    )


def install(
    place: Path,
    *,
    relay: int = 0,
    portals: Mapping[str, Mapping[str, object]] | None = None,
    helpdesk: Mapping[str, object] | None = None,
    limits: Mapping[str, object] | None = None,
    more: Mapping[str, Mapping[str, object]] | None = None,
    state: Path | None = None,
) -> Stillpost:
    """Write a config: portals (``support`` in adaptive mode if none) that all hand to one helpdesk (a Maildir if none)."""
    place.mkdir(parents=True, exist_ok=True)
    stillpost = Stillpost(place=place, state=state or place / "state", port=free_port(), mail_port=free_port())
    tables: dict[str, Mapping[str, object]] = {
        "serve": {
            "listen": f"127.0.0.1:{stillpost.port}",
            "state": str(stillpost.state),
            "trusted_proxies": ["127.0.0.0/8"],
        },
        "relay": {"from": FROM} | ({"smtp": f"127.0.0.1:{relay}", "tls": "off"} if relay else {}),
        "inbound": {
            "listen": f"127.0.0.1:{stillpost.mail_port}",
            "address": PROVE,
            "authserv_ids": [AUTHSERV],
        },
        "limits": limits or {},
    }
    for name, options in (portals or {"support": {}}).items():
        own = {key: item for key, item in options.items() if key != "helpdesk"}
        tables[f"portals.{name}"] = {"base_url": stillpost.url} | own
        desk = options.get("helpdesk", helpdesk)
        if desk:
            tables[f"portals.{name}.helpdesk"] = desk  # type: ignore[assignment]  # a table
    for name, table in (more or {}).items():
        tables[name] = {**tables.get(name, {}), **table}
    stillpost.config.write_text(toml(tables))
    return stillpost


@contextmanager
def running(stillpost: Stillpost) -> Iterator[Stillpost]:
    """Start it, and make sure that nothing of it is left."""
    try:
        stillpost.start()
        yield stillpost
    finally:
        if stillpost.process is not None:
            stillpost.kill()


def tickets(state: Path, folder: str = "tickets") -> list[bytes]:
    """The tickets in the Maildir of an installation."""
    new = state / folder / "new"
    return [file.read_bytes() for file in sorted(new.iterdir())] if new.is_dir() else []
