"""OpenDKIM before Stillpost and after it: what is signed stays good, and what it found out about a mail is believed."""

import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.utils import formatdate
from pathlib import Path

import dkim
import pytest
from letters import SERVER, letter
from tests.doors.smtp.signing import Key, Zone
from tests.e2e import postfixes, stillposts
from tests.e2e.conftest import Needs
from tests.e2e.postfixes import PAGE, Postfix, block
from tests.e2e.products import QUEUE_ADDRESS, Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e
OURS, ANNS = Key(1, bits=2048), Key(2, bits=2048)
ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")  # rsaEncryption, no parameters (RFC 8017)


def record(key: Key) -> bytes:
    """The key as OpenDKIM reads it: a SubjectPublicKeyInfo, not the RSAPublicKey alone."""
    bare = b64decode(key.record.rpartition(b"p=")[2])
    bits = b"\x03\x82" + (len(bare) + 1).to_bytes(2, "big") + b"\0" + bare
    whole = b"\x30\x82" + (len(ALGORITHM + bits)).to_bytes(2, "big") + ALGORITHM + bits
    return b"v=DKIM1; k=rsa; p=" + b64encode(whole)


RECORDS = {"s1._domainkey.helpdesk.example.org": record(OURS), "s1._domainkey.example.com": record(ANNS)}
SIGNED = ("From", "To", "Subject", "Date", "Message-ID")
ANN, STAFF, VICTIM = "ann@example.com", "agent@helpdesk.example.org", "victim@example.net"
STILLPOST_OUT = "{ unix:stillpost/out.sock, default_action=quarantine }"
OPENDKIM = "{ unix:opendkim/opendkim.sock, default_action=tempfail }"


@contextmanager
def opendkim(postfix: Postfix, place: Path) -> Iterator[None]:
    """It signs what the helpdesk writes and checks what comes from outside; keys are in a file instead of DNS."""
    sockets = postfix.spool / "opendkim"
    sockets.mkdir(mode=0o755)
    (place / "key.pem").write_bytes(OURS.pem)
    (place / "key.pem").chmod(0o600)
    (place / "zone").write_text("".join(f"{name} {record.decode()}\n" for name, record in RECORDS.items()))
    (place / "inside").write_text("127.0.0.1\n")
    settings = {
        "Mode": "sv",
        "Domain": "helpdesk.example.org",
        "Selector": "s1",
        "KeyFile": place / "key.pem",
        "Socket": f"local:{sockets}/opendkim.sock",
        "UMask": "000",
        "InternalHosts": place / "inside",
        "ExternalIgnoreList": place / "inside",
        "TestPublicKeys": place / "zone",
        "AuthservID": SERVER,
        "AlwaysAddARHeader": "yes",
        "Canonicalization": "relaxed/simple",
        "OversignHeaders": "From",
        "Background": "no",
        "Syslog": "no",
    }
    (place / "opendkim.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    process = subprocess.Popen(["/usr/sbin/opendkim", "-f", "-x", str(place / "opendkim.conf")])
    try:
        eventually((sockets / "opendkim.sock").exists, "opendkim's socket")
        assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def standing(
    needs: Needs, sink: Sink, place: Path, leaving: str, coming: str = ""
) -> Iterator[tuple[Postfix, Stillpost]]:
    """The page's lines with these milters on the helpdesk's port, and on the port to the outside."""
    needs("postfix", "opendkim")
    with postfixes.placed(sink.port) as postfix:
        master = block(PAGE, "cf", 1)
        old = next(line for line in master.splitlines() if "out.sock" in line)
        main = block(PAGE, "cf", 0)
        before = next(line for line in main.splitlines() if line.startswith("smtpd_milters"))
        postfix.configure(
            main.replace(before, f"smtpd_milters = {coming}{before.partition(' = ')[2]}"),
            master.replace(old, f"  -o {{ smtpd_milters = {leaving} }}"),
        )
        stillpost = stillposts.install(
            place, limits=stillposts.WIDE, portals={"support": {"proof": "link"}}, more=postfixes.milters(postfix)
        )
        with opendkim(postfix, place), stillposts.running(stillpost):
            postfix.start()
            yield postfix, stillpost


def settle(postfix: Postfix, stillpost: Stillpost) -> None:
    for _ in range(2):
        postfix.idle()
        stillpost.idle()
    postfix.idle()


def verifies(mail: bytes) -> bool:
    return bool(dkim.verify(mail, dnsfunc=Zone(RECORDS)))


@pytest.mark.parametrize(
    "leaving",
    [
        pytest.param(f"{OPENDKIM}, {STILLPOST_OUT}", id="signed before Stillpost"),
        pytest.param(f"{STILLPOST_OUT}, {OPENDKIM}", id="signed after Stillpost"),
    ],
)
def test_signatures_of_mail_that_leaves_are_good(needs: Needs, sink: Sink, tmp_path: Path, leaving: str) -> None:
    with standing(needs, sink, tmp_path, leaving) as (postfix, stillpost):
        mail = letter(QUEUE_ADDRESS, STAFF, body="Your ticket\r\n")
        assert postfix.send(mail, QUEUE_ADDRESS, [STAFF, VICTIM], port=postfix.out) == (250, "")
        settle(postfix, stillpost)
        (passed,) = sink.to(STAFF)
        assert message_from_bytes(passed.content)["Auto-Submitted"] == "auto-generated"
        assert verifies(passed.content)
        (asked,) = sink.to(VICTIM)
        sink.mails.clear()
        stillpost.confirm(asked.content)
        settle(postfix, stillpost)
        (released,) = sink.mails
        signed_before = leaving.startswith(OPENDKIM)
        assert verifies(released.content) is signed_before, "what is held before it is signed comes back as it was held"
        assert released.content.endswith(mail)


def test_what_opendkim_found_out_is_believed_and_what_a_stranger_wrote_is_not(
    needs: Needs, sink: Sink, tmp_path: Path
) -> None:
    with standing(needs, sink, tmp_path, STILLPOST_OUT, f"{OPENDKIM}, ") as (postfix, stillpost):
        today = formatdate()
        genuine = ANNS.sign(letter(ANN, QUEUE_ADDRESS, Date=today), "example.com", fields=SIGNED)
        forged = letter(
            ANN,
            QUEUE_ADDRESS,
            f"Authentication-Results: {SERVER}; dkim=pass header.d=example.com",
            number=2,
            Date=today,
        )
        for mail in (genuine, forged):
            assert postfix.send(mail, "bounces@elsewhere.example", [QUEUE_ADDRESS], client_ip="192.0.2.7")[0] == 250
        settle(postfix, stillpost)

        (taken,) = sink.to(QUEUE_ADDRESS)
        assert taken.content.endswith(genuine)
        assert sink.to(ANN), stillpost.log.read_text()[-1500:] + postfix.said()[-1500:]
        (asked,) = sink.to(ANN)
        assert message_from_bytes(asked.content)["Stillpost-Challenge"] == "v=1"
