"""``stillpost watch`` beside a real Dovecot: mail arrives over LMTP, IDLE tells of it, MOVE takes it away; killed and cut on the way."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.conftest import need
from tests.e2e.dovecot import Dovecot, running_dovecot
from tests.e2e.stillposts import eventually
from tests.scan.boxes import past

from stillpost.lab.injection import Attack, Injected, inject
from stillpost.service.wiring import now

pytestmark = pytest.mark.e2e


@pytest.fixture
def start() -> datetime:
    """When the wave begins; its last mail is not later than now."""
    return now().replace(microsecond=0) - timedelta(minutes=20)


@pytest.fixture
def mails(start: datetime) -> list[Injected]:
    return inject(Attack(start=start, submissions=40, seed=5))


@pytest.fixture
def wave(mails: list[Injected], start: datetime) -> list[Injected]:
    return [each for each in mails if start <= each.at < start + timedelta(minutes=20)]


@pytest.fixture
def dovecot(tmp_path: Path, start: datetime, mails: list[Injected]) -> Iterator[Dovecot]:
    need("dovecot", "openssl")
    with running_dovecot(tmp_path / "dovecot") as server:
        server.put("INBOX", *(raw for at, raw in past(until=start) if at < start))
        server.put("INBOX", *(each.raw for each in mails if each.at < start))
        yield server


class Watching:
    """A running ``stillpost watch``."""

    def __init__(self, dovecot: Dovecot, folder: Path, number: int = 1) -> None:
        command = [sys.executable, "-u", "-m", "stillpost", "watch", f"{dovecot.place}", "--move", "Wave"]
        command += ["--password-file", str(dovecot.password_file)]
        self.out = folder / f"watch{number}.out"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=folder, env=dovecot.environment, stdout=out, stderr=out)

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)


def everywhere(dovecot: Dovecot) -> Counter[str]:
    found: Counter[str] = Counter()
    with dovecot.visit() as box:
        for folder in box.folder.list():
            box.folder.set(folder.name, readonly=True)
            for each in box.fetch("UNDELETED", mark_seen=False, headers_only=True, bulk=True):
                found[each.headers.get("message-id", ("",))[0].strip("<>")] += 1
    return found


def in_wave(dovecot: Dovecot) -> set[str]:
    with dovecot.visit() as box:
        if not box.folder.exists("Wave"):
            return set()
        box.folder.set("Wave", readonly=True)
        mails = box.fetch(mark_seen=False, headers_only=True, bulk=True)
        return {each.headers.get("message-id", ("",))[0].strip("<>") for each in mails}


def test_a_wave_is_moved_while_it_comes_also_after_a_kill(
    dovecot: Dovecot, wave: list[Injected], tmp_path: Path
) -> None:
    members = {each.message_id for each in wave if each.role == "wave"}
    needles = {each.message_id for each in wave if each.role == "needle"}
    before = everywhere(dovecot)
    first = Watching(dovecot, tmp_path)
    try:
        half = len(wave) // 2
        dovecot.deliver(*(each.raw for each in wave[:half]))
        eventually(lambda: in_wave(dovecot), first.said)
    finally:
        first.kill()
    assert "ALARM" in first.said()
    second = Watching(dovecot, tmp_path, 2)
    try:
        dovecot.deliver(*(each.raw for each in wave[half:]))
        eventually(lambda: in_wave(dovecot) >= members, second.said, seconds=60)
    finally:
        second.kill()
    assert in_wave(dovecot) & needles == set()
    assert everywhere(dovecot) - before == Counter({each.message_id: 1 for each in wave})
    assert "LOOK AT THIS" in first.said() + second.said()
