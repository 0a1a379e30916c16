"""A real Dovecot (Debian's) on loopback, with TLS: IMAP for a person, LMTP for the mail that arrives."""

import os
import pwd
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imap_tools import MailBox

from tests.e2e.stillposts import eventually, free_port

PASSWORD = "a long secret, ä"
USER = "anna@example.org"

_CONFIG = """
base_dir = {run}
state_dir = {run}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{run}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
auth_username_chars =
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {run}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={run}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
imap_capability = {capability}
namespace inbox {{
  inbox = yes
  mailbox Gesendet {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Dovecot:
    """The server: its ports, its certificate."""

    folder: Path
    imaps: int
    lmtp: int

    @property
    def place(self) -> str:
        """The account's address."""
        return f"imaps://{USER.replace('@', '%40')}@localhost:{self.imaps}"

    @property
    def password_file(self) -> Path:
        """A file with the password."""
        return self.folder / "password"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to trust the server's certificate."""
        return {"SSL_CERT_FILE": str(self.folder / "cert.pem"), "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}

    def deliver(self, *mails: bytes) -> None:
        """Mail arrives over LMTP."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as lmtp:
            for raw in mails:
                lmtp.sendmail("sender@example.com", [USER], raw)

    def put(self, folder: str, *mails: bytes) -> None:
        """Mail is in a folder."""
        with self.visit() as box:
            if not box.folder.exists(folder):
                box.folder.create(folder)
            for raw in mails:
                box.append(raw, folder)

    @contextmanager
    def visit(self) -> Iterator[MailBox]:
        """Look at the account with the library, as another mail program would."""
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        with MailBox("localhost", self.imaps, ssl_context=context).login_utf8(USER, PASSWORD) as box:
            yield box

    def subjects(self, folder: str) -> list[str]:
        """The subjects in a folder, in its order."""
        with self.visit() as box:
            if not box.folder.exists(folder):
                return []
            box.folder.set(folder, readonly=True)
            return [found.subject for found in box.fetch(mark_seen=False, headers_only=True, bulk=True)]


@contextmanager
def running_dovecot(folder: Path, capability: str = "") -> Iterator[Dovecot]:
    """The server in a folder. ``capability``: what it says it can do in place of the truth."""
    run = Path("/tmp") / f"dovecot-{os.getpid()}-{folder.name[-8:]}"  # a socket's path must be short
    for each in (folder, run, run / "mail"):
        each.mkdir(exist_ok=True)
    dovecot = Dovecot(folder=folder, imaps=free_port(), lmtp=free_port())
    _make_certificate(folder)
    (run / "users").write_text(f"{USER}:{PASSWORD}::::::\n", encoding="utf-8")
    dovecot.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
    me = pwd.getpwuid(os.geteuid())
    root = me.pw_uid == 0
    owner = pwd.getpwnam("nobody") if root else me  # Dovecot keeps no mail for root
    os.chown(run / "mail", owner.pw_uid, owner.pw_gid)
    group = str(me.pw_gid)
    settings = {
        "user": owner.pw_uid,
        "group": owner.pw_gid,
        "internal": "dovecot" if root else me.pw_name,
        "internal_group": "dovecot" if root else group,
        "login": "dovenull" if root else me.pw_name,
    }
    config = folder / "dovecot.conf"
    text = _CONFIG.format(
        run=run,
        folder=folder,
        imaps=dovecot.imaps,
        lmtp=dovecot.lmtp,
        password=PASSWORD,
        capability=capability,
        **settings,
    )
    config.write_text(text, encoding="utf-8")
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") or "dovecot"
    log = folder / "dovecot.log"
    with (folder / "dovecot.out").open("wb") as out:
        server = subprocess.Popen([program, "-F", "-c", str(config)], stdout=out, stderr=out)
    try:
        eventually(lambda: _is_up(dovecot) or server.poll() is not None, "Dovecot is up")
        assert server.poll() is None, (folder / "dovecot.out").read_text() + (log.read_text() if log.exists() else "")
        yield dovecot
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(run, ignore_errors=True)


def _is_up(dovecot: Dovecot) -> bool:
    try:
        with dovecot.visit():
            return True
    except OSError:
        return False


def _make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
