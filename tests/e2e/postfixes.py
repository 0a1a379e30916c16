"""A real Postfix on loopback, as Debian ships it: its own configuration, queue and ports, and the lines of docs/postfix.md."""

import grp
import os
import pwd
import re
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.stillposts import eventually, free_port

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/postfix.md"
SPOOL = "/var/spool/postfix"
SERVICES = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def block(page: Path, language: str, number: int = 0) -> str:
    """A block of code on a page, as printed."""
    return str(re.findall(rf"(?ms)^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"))[number])


@dataclass(slots=True)
class Postfix:
    """One instance. ``port`` takes mail from outside, ``out`` the helpdesk's, ``back`` what Stillpost releases."""

    place: Path
    sink: int
    port: int = field(default_factory=free_port)
    out: int = field(default_factory=free_port)
    back: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def etc(self) -> Path:
        return self.place / "etc"

    @property
    def spool(self) -> Path:
        return self.place / "spool"

    @property
    def log(self) -> Path:
        return self.place / "postfix.log"

    def said(self) -> str:
        """The end of what it logged."""
        return "".join(log.read_text()[-3000:] for log in (self.place / "start.log", self.log) if log.exists())

    def printed(self, text: str) -> str:
        """What a page says, with this instance's spool and ports."""
        for ours, there in ((SPOOL, str(self.spool)), ("127.0.0.1:10025", f"127.0.0.1:{self.out}")):
            text = text.replace(ours, there)
        return text.replace("127.0.0.1:10026", f"127.0.0.1:{self.back}")

    def configure(self, main: str, master: str) -> None:
        """Write main.cf and master.cf: what any instance needs, and these lines (of the page)."""
        own = {
            "queue_directory": self.spool,
            "data_directory": self.place / "data",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.place,
            "compatibility_level": "3.6",
            "myhostname": "mx.helpdesk.example.org",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "relay_domains": "example.org, helpdesk.example.org",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "relayhost": f"[127.0.0.1]:{self.sink}",
            "disable_dns_lookups": "yes",
            "smtputf8_enable": "yes",
            "authorized_submit_users": "static:anyone",
            "smtpd_authorized_xclient_hosts": "127.0.0.1",
            "local_recipient_maps": "",
            "bounce_size_limit": "1",
            "minimal_backoff_time": "1s",
            "queue_run_delay": "1s",
        }
        lines = [f"{name} = {value}" for name, value in own.items()]
        (self.etc / "main.cf").write_text("\n".join(lines) + "\n" + self.printed(main))
        front = f"127.0.0.1:{self.port} inet n - y - - smtpd\n"
        (self.etc / "master.cf").write_text(SERVICES + front + self.printed(master))

    def start(self) -> None:
        command = ["/usr/sbin/postfix", "-c", str(self.etc), "start-fg"]
        with (self.place / "start.log").open("w") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said)
        eventually(self._answers, self.said)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as client:
                return client.noop()[0] == 250
        except OSError:
            return False

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            self.run("postfix", "stop")
            process.wait(timeout=30)

    def run(self, program: str, *words: str, given: bytes = b"") -> str:
        """Run one of Postfix's own programs on this instance."""
        command = [f"/usr/sbin/{program}", "-c", str(self.etc), *words]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        return (done.stdout + done.stderr).decode()

    def send(
        self,
        mail: bytes,
        sender: str,
        recipients: Sequence[str],
        *,
        port: int = 0,
        client_ip: str = "",
        options: Sequence[str] = (),
    ) -> tuple[int, str]:
        """Hand a mail over, as a client at ``client_ip`` (XCLIENT) does; the answer to it as a whole."""
        with smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="client.example", timeout=120) as client:
            client.ehlo()
            if client_ip:
                assert client.docmd(f"XCLIENT NAME=client.example ADDR={client_ip}")[0] == 220
                client.ehlo()
            try:
                client.sendmail(sender, list(recipients), mail, mail_options=list(options))
            except smtplib.SMTPRecipientsRefused as error:
                code, said = next(iter(error.recipients.values()))
                return code, said.decode()
            except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
                said = error.smtp_error
                return error.smtp_code, said.decode() if isinstance(said, bytes) else said
        return 250, ""

    def queue(self, name: str) -> int:
        """How many mails are in a queue: ``hold``, ``deferred``, ``active``."""
        return sum(1 for path in (self.spool / name).rglob("*") if path.is_file())

    def idle(self) -> None:
        """Wait until nothing is on its way."""
        names = ("maildrop", "incoming", "active", "deferred")
        eventually(lambda: not any(map(self.queue, names)), lambda: f"{self.run('postqueue', '-p')}\n{self.said()}")


@contextmanager
def placed(sink: int) -> Iterator[Postfix]:
    """An instance that is configured and started by the test, and ended after it."""
    if os.geteuid() != 0:
        why = "only root starts Postfix"
        if os.environ.get("STILLPOST_CI"):
            pytest.fail(why)
        pytest.skip(why)
    place = Path(tempfile.mkdtemp(prefix="stillpost-postfix-"))
    postfix = Postfix(place=place, sink=sink)
    try:
        place.chmod(0o755)
        for folder in (postfix.etc, postfix.spool, place / "data"):
            folder.mkdir(mode=0o755)
        shutil.chown(place / "data", "postfix")
        sockets = postfix.spool / "stillpost"
        sockets.mkdir()
        os.chown(sockets, -1, grp.getgrnam("postfix").gr_gid)
        sockets.chmod(0o2750)
        assert pwd.getpwnam("postfix")
        yield postfix
    finally:
        postfix.stop()
        shutil.rmtree(place, ignore_errors=True)


def milters(postfix: Postfix, **changes: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The tables of the page for this instance, with changes: ``milters(postfix, **{"milters.in": {"mode": "observe"}})``."""
    import tomllib

    printed = tomllib.loads(postfix.printed(block(PAGE, "toml")))
    tables: dict[str, dict[str, object]] = {
        **{f"milters.{name}": dict(table) for name, table in printed.pop("milters").items()},
        **{name: dict(table) for name, table in printed.items()},
    }
    for name, table in changes.items():
        tables[name] = {**tables.get(name, {}), **table}
    return tables
