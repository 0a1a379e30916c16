"""A wave is moved out of a real Dovecot account and back while mail arrives over LMTP, killed in the middle, by MOVE and COPY."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import need
from tests.e2e.dovecot import Dovecot, running_dovecot
from tests.e2e.stillposts import eventually
from tests.mailboxes.boxes import mail
from tests.scan.boxes import bombed, past

pytestmark = pytest.mark.e2e

COPYING = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SPECIAL-USE UIDPLUS LITERAL+ NAMESPACE"


@pytest.fixture(params=["", COPYING], ids=["MOVE", "COPY"])
def dovecot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dovecot]:
    need("dovecot", "openssl")
    with running_dovecot(tmp_path / "dovecot", capability=request.param) as server:
        truth = bombed(tmp_path / "box")
        server.put("INBOX", *(raw for _, raw in past()), *(each.raw for each in truth))
        yield server


def scan(dovecot: Dovecot, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "stillpost", "scan", f"{dovecot.place}/INBOX"]
    command += ["--password-file", str(dovecot.password_file), *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=dovecot.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def done(process: "subprocess.Popen[str]") -> str:
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out + error


def everywhere(dovecot: Dovecot) -> Counter[str]:
    """Every mail by its Message-ID, and how often it is there."""
    found: Counter[str] = Counter()
    with dovecot.visit() as box:
        for folder in box.folder.list():
            box.folder.set(folder.name, readonly=True)
            for each in box.fetch("UNDELETED", mark_seen=False, headers_only=True, bulk=True):
                found[each.headers.get("message-id", ("",))[0] + each.subject] += 1
    return found


def test_a_wave_is_moved_and_comes_back_while_mail_arrives(dovecot: Dovecot, tmp_path: Path) -> None:
    before = everywhere(dovecot)
    said = done(scan(dovecot, tmp_path, "--move", "Wave"))
    assert "183 mails would be moved to Wave; nothing was moved" in said
    assert everywhere(dovecot) == before
    assert dovecot.subjects("Wave") == []
    arriving = threading.Thread(target=dovecot.deliver, args=[mail(number) for number in range(60)])
    arriving.start()
    said = done(scan(dovecot, tmp_path, "--move", "Wave", "--yes"))
    arriving.join()
    assert "183 mails were moved to Wave" in said
    assert "marked as deleted" not in said
    assert len(dovecot.subjects("Wave")) == 183
    now = everywhere(dovecot)
    assert sum((now - before).values()) == 60
    assert before - now == Counter()
    (record,) = tmp_path.glob("stillpost-move-*.jsonl")
    assert "would be moved back" in done(scan(dovecot, tmp_path, "--undo", record.name))
    assert "183 mails were moved back" in done(scan(dovecot, tmp_path, "--undo", record.name, "--yes"))
    assert dovecot.subjects("Wave") == []
    assert everywhere(dovecot) == now


def test_nothing_is_lost_under_kill_9(dovecot: Dovecot, tmp_path: Path) -> None:
    before = everywhere(dovecot)
    moving = scan(dovecot, tmp_path, "--move", "Wave", "--yes")
    eventually(lambda: moving.poll() is not None or dovecot.subjects("Wave"), "mail is in the folder")
    moving.kill()
    moving.communicate()
    assert before - everywhere(dovecot) == Counter()
    (record,) = tmp_path.glob("stillpost-move-*.jsonl")
    done(scan(dovecot, tmp_path, "--undo", record.name, "--yes"))
    assert everywhere(dovecot) == before
    assert dovecot.subjects("Wave") == []
