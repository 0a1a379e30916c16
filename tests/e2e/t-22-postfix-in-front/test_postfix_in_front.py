"""A real Postfix hands first mails on as ``docs/operators.md`` says: refused in the dialogue, never bounced.

The lines of the page are used as they stand there; only addresses and ports are those of this test.
"""

import asyncio
import base64
import re
import shutil
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import dkim
import pytest
from tests.e2e.conftest import Needs
from tests.e2e.stillposts import PROVE, eventually, first_mail, free_port, hand_over, install, prove_address, running

from stillpost.config import load_config
from stillpost.doors.smtp.server import serve_smtp
from stillpost.mail.addresses import parse
from stillpost.model import Guards, Source, Way
from stillpost.reception.submit import Submitted
from stillpost.service.running import bind, mail_door
from stillpost.service.wiring import open_house

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[3] / "docs/operators.md"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.portal.example
mydestination =
mynetworks = 127.0.0.2/32
inet_interfaces = 127.0.0.1
alias_maps =
local_recipient_maps =
smtpd_tls_security_level = none
smtp_tls_security_level = none
"""
SERVICES = """
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
qmgr unix n - n 300 1 qmgr
error unix - - n - - error
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@dataclass(frozen=True, slots=True)
class Postfix:
    folder: Path
    port: int

    @property
    def log(self) -> str:
        written = self.folder / "log"
        return written.read_text() if written.exists() else ""

    def run(self, program: str, *words: str) -> str:
        command = [f"/usr/sbin/{program}", "-c", str(self.folder / "etc"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + self.log
        return done.stdout


@pytest.fixture
def postfix(needs: Needs, tmp_path: Path) -> Iterator[Callable[[int], Postfix]]:
    """``postfix(PORT)``: a Postfix of its own under a temporary folder, with the page's listener in front of a port."""
    needs("postfix")
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(0o755)  # its programs run as another user
    made = Postfix(tmp_path / "postfix", free_port())

    def start(behind: int) -> Postfix:
        write(made, behind)
        made.run("postfix", "start")
        eventually(lambda: _answers(made.port), lambda: made.log)
        return made

    try:
        yield start
    finally:
        made.run("postfix", "stop")


def write(postfix: Postfix, behind: int) -> None:
    """Its configuration: what every Postfix has, and the page's lines."""
    folder = postfix.folder
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    listener = (
        block("postfix")
        .replace("192.0.2.25:25", f"127.0.0.1:{postfix.port}")
        .replace("127.0.0.1:8026", f"127.0.0.1:{behind}")
        .replace("/etc/postfix/prove", str(folder / "etc/prove"))
    )
    (folder / "etc/main.cf").write_text(MAIN.format(folder=folder))
    (folder / "etc/master.cf").write_text(listener + SERVICES)
    (folder / "etc/prove").write_text(block("postfix-table").replace(r"support\.example\.com", r"portal\.example"))


def _answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False


def test_what_is_no_proof_is_refused_in_the_dialogue_and_nothing_is_bounced(
    tmp_path: Path, postfix: Callable[[int], Postfix]
) -> None:
    made = install(
        tmp_path / "stillpost", portals={"support": {"proof": "mail-first"}}, more={"inbound": {"authserv_ids": []}}
    )
    with running(made) as stillpost:
        front = postfix(stillpost.mail_port)
        code = stillpost.ask("victim@people.example", "Not mine").code
        forged = first_mail("victim@people.example", code)  # with Authentication-Results that a forger wrote
        answer = first_mail("victim@people.example", code, In_Reply_To="<1@people.example>")
        tries = {
            "no code": (forged.replace(code.encode(), b"hello"), prove_address("nothing")),
            "forged Authentication-Results": (forged, prove_address(code)),
            "an answer": (answer, prove_address(code)),
        }
        for name, (mail, recipient) in tries.items():
            status, said = hand_over(front.port, mail, "victim@people.example", recipient)
            assert (status, said[:5]) == (550, "5.7.1"), f"{name}: {status} {said}"
        for recipient in ("postmaster@portal.example", PROVE, "victim@people.example"):
            assert hand_over(front.port, forged, "victim@people.example", recipient)[0] == 554
        assert "Mail queue is empty" in front.run("postqueue", "-p")
        assert stillpost.journal("proved") == []


def signed(mail: bytes, folder: Path) -> tuple[bytes, bytes]:
    """The mail with a DKIM signature of its own domain, and the TXT record of the key."""
    key = folder / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(key), "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    fields = [b"from", b"to", b"subject"]
    signature = dkim.sign(mail, b"s1", b"people.example", key.read_bytes(), include_headers=fields)
    return signature + mail, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@pytest.mark.anyio
async def test_a_signed_first_mail_gets_through_unharmed(
    needs: Needs, tmp_path: Path, postfix: Callable[[int], Postfix]
) -> None:
    """The real door behind a real Postfix; only the key comes from the test, and not from DNS."""
    needs("openssl")
    settings = install(tmp_path / "stillpost", portals={"support": {"proof": "mail-first"}})
    async with open_house(load_config(settings.config), write=lambda line: None) as house:
        answer = await house.admission.submit(a_request(house.clock()))
        mail = first_mail("ada@people.example", answer.code).split(b"\r\n", 1)[1]
        raw, record = signed(mail, tmp_path)
        listener = bind(f"127.0.0.1:{settings.mail_port}", "inbound.listen")
        door = mail_door(house, lambda name, timeout=5: record if name == b"s1._domainkey.people.example." else None)
        serving = asyncio.create_task(serve_smtp(door, listener, "portal.example"))
        front = await asyncio.to_thread(postfix, settings.mail_port)
        hand = (front.port, raw, "ada@people.example", prove_address(answer.code))
        assert await asyncio.to_thread(hand_over, *hand) == (250, "")
        request = await house.store.ledger.request(answer.id)
        serving.cancel()
    assert request is not None
    assert request.proven is Way.MAIL_FIRST


def a_request(at: datetime) -> Submitted:
    return Submitted(
        portal="support",
        at=at,
        requester=parse("ada@people.example"),
        source=Source("198.51.100.7", ("198.51.100.0/24",)),
        guards=Guards(fill_time=timedelta(seconds=40)),
        name="Ada",
        subject="Mine",
        text="Text",
        locale="en",
    )
