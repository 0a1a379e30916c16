"""Watched live: a wave is told at its alarm, moved as it comes, what is hidden stays; cuts and restarts lose and double nothing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillpost.lab.injection import Attack, Injected, inject
from stillpost.mailboxes.imap import open_account
from stillpost.mailboxes.protocol import MailboxError
from stillpost.scan.moving import read_record, undo
from stillpost.scan.watching import ALARM, HIDDEN, MOVED, TROUBLE, Watched, watch
from tests.mailboxes.imapserver import CUT, Imap, serving
from tests.scan.boxes import ME, START, mail, past

TRUTH = inject(Attack(start=START, submissions=40, seed=5))
WAVE = [each for each in TRUTH if each.at < START + timedelta(hours=2)]
NOW = START + timedelta(hours=2)


@pytest.fixture
def imap(socket_enabled: None) -> Iterator[Imap]:
    inbox = dict(enumerate((raw for at, raw in past() if at < START), 1))
    capabilities = "IMAP4rev1 UIDPLUS MOVE IDLE"
    with serving(Imap(folders={"INBOX": inbox, "Sent": {}}, capabilities=capabilities)) as server:
        yield server


class Told:
    """What is told, and the mails that come between two waits."""

    def __init__(self, imap: Imap, arriving: list[Injected], share: int = 7) -> None:
        self.imap = imap
        self.arriving = arriving
        self.share = share
        self.said: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, text: str, **values: Any) -> None:
        self.said.append((text, values))

    def going(self) -> bool:
        """Let some mails arrive; no more, and it is over."""
        if not self.arriving:
            return False
        now, self.arriving = self.arriving[: self.share], self.arriving[self.share :]
        inbox = self.imap.folders["INBOX"]
        for each in now:
            number = self.imap.last["INBOX"] = max(self.imap.last.get("INBOX", 0), *inbox) + 1
            inbox[number] = each.raw
        return True

    def all(self, text: str) -> list[dict[str, Any]]:
        """The values of everything told with a text."""
        return [values for said, values in self.said if said == text]


def watching(told: Told, tmp_path: Path, folder: str = "Wave", now: datetime = NOW, **more: Any) -> None:
    with closing(told.imap.account("INBOX")) as account:
        watch(
            account,
            Watched(
                now=lambda: now,
                tell=told,
                record=tmp_path / "record",
                folder=folder,
                me=(ME,),
                going=told.going,
                wait_seconds=2,
                **more,
            ),
        )


def message_ids(mails: dict[int, bytes]) -> Counter[str]:
    return Counter(raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode() for raw in mails.values())


def wanted(role: str) -> set[str]:
    return {each.message_id for each in WAVE if each.role == role}


def test_a_wave_is_told_once_and_moved_as_it_comes(imap: Imap, tmp_path: Path) -> None:
    told = Told(imap, list(WAVE))
    watching(told, tmp_path)
    assert len(told.all(ALARM)) == 1
    assert set(message_ids(imap.folders["Wave"])) >= wanted("wave")
    assert not wanted("needle") & set(message_ids(imap.folders["Wave"]))
    hidden = {values["subject"] for values in told.all(HIDDEN)}
    assert len(hidden) >= len(wanted("needle"))
    assert sum(values["count"] for values in told.all(MOVED)) == len(imap.folders["Wave"])


def test_nothing_is_moved_unless_a_folder_is_named(imap: Imap, tmp_path: Path) -> None:
    told = Told(imap, list(WAVE))
    watching(told, tmp_path, folder="")
    assert len(told.all(ALARM)) == 1
    assert set(imap.folders) == {"INBOX", "Sent"}
    assert not (tmp_path / "record").exists()
    assert not any(word in line for line in imap.seen for word in ("MOVE", "COPY", "STORE", "SELECT", "CREATE"))


def test_everything_comes_back(imap: Imap, tmp_path: Path) -> None:
    told = Told(imap, list(WAVE))
    watching(told, tmp_path)
    with closing(imap.account("INBOX")) as account:
        undo(read_record(tmp_path / "record"), open_account(account))
    assert imap.folders["Wave"] == {}
    assert message_ids(imap.folders["INBOX"])[WAVE[0].message_id] == 1
    assert len(imap.folders["INBOX"]) == len([at for at, _ in past() if at < START]) + len(WAVE)


def test_a_quiet_mailbox_is_left_alone(imap: Imap, tmp_path: Path) -> None:
    times = [START + timedelta(minutes=number) for number in range(20)]
    raws = [mail(at, "Bert <bert@friends.example>") for at in times]
    letters = [replace(WAVE[0], at=at, raw=raw) for at, raw in zip(times, raws, strict=True)]
    told = Told(imap, letters)
    watching(told, tmp_path)
    assert told.said == []
    assert len(imap.folders["INBOX"]) == len([at for at, _ in past() if at < START]) + 20


def spoiler(word: str, times: int, after: int) -> Callable[[str], bytes | None]:
    seen: list[str] = []

    def spoil(line: str) -> bytes | None:
        if word not in line:
            return None
        seen.append(line)
        return CUT if after < len(seen) <= after + times else None

    return spoil


@pytest.mark.parametrize(
    ("word", "times"),
    [
        ("IDLE", 2),
        ("UID FETCH", 2),
        ("UID SEARCH", 2),
        ("UID MOVE", 2),
        ("UID MOVE", 4),
        ("UID SEARCH", 4),
        ("IDLE", 5),
    ],
)
def test_a_watch_that_is_cut_goes_on_and_loses_and_doubles_nothing(
    imap: Imap, tmp_path: Path, word: str, times: int
) -> None:
    told = Told(imap, list(WAVE))
    imap.spoil = spoiler(word, times, after=8 if word == "UID FETCH" else 3)
    watching(told, tmp_path)
    assert len(told.all(ALARM)) == 1
    assert bool(told.all(TROUBLE)) is (times >= 4)
    everywhere = message_ids(imap.folders["INBOX"]) + message_ids(imap.folders["Wave"])
    assert all(everywhere[each.message_id] == 1 for each in WAVE)
    assert set(message_ids(imap.folders["Wave"])) >= wanted("wave")


def test_a_watch_that_was_killed_moves_what_is_left_of_a_wave_that_still_goes_on(imap: Imap, tmp_path: Path) -> None:
    half = len(WAVE) // 2
    watching(Told(imap, WAVE[:half]), tmp_path, folder="")
    told = Told(imap, WAVE[half:])
    watching(told, tmp_path)
    assert len(told.all(ALARM)) == 1
    assert set(message_ids(imap.folders["Wave"])) >= wanted("wave")


def test_a_wave_that_is_long_over_is_left_and_not_told_again(imap: Imap, tmp_path: Path) -> None:
    watching(Told(imap, list(WAVE)), tmp_path, folder="")
    told = Told(imap, [])
    watching(told, tmp_path, now=NOW + timedelta(days=2))
    assert told.said == []
    assert "Wave" not in imap.folders


def test_a_server_without_idle_is_asked_now_and_then(imap: Imap, tmp_path: Path) -> None:
    imap.capabilities = "IMAP4rev1 MOVE UIDPLUS"
    told = Told(imap, list(WAVE))
    watching(told, tmp_path)
    assert "NOOP" in imap.seen
    assert len(told.all(ALARM)) == 1


def test_a_mailbox_numbered_anew_ends_the_watch(imap: Imap, tmp_path: Path) -> None:
    told = Told(imap, list(WAVE))

    def spoil(line: str) -> bytes | None:
        if line == "IDLE":
            imap.numbering = 2
            return CUT
        return None

    imap.spoil = spoil
    with pytest.raises(MailboxError, match="start again"):
        watching(told, tmp_path)


def test_the_record_is_written_before_mail_is_moved(imap: Imap, tmp_path: Path) -> None:
    told = Told(imap, list(WAVE))

    def spoil(line: str) -> bytes | None:
        if line.startswith("UID MOVE"):
            wanted = line.split()[2]
            names = {entry.name for entry in read_record(tmp_path / "record").entries}
            assert all(f"1 {number}" in names for each in wanted.split(",") for number in each.split(":"))
        return None

    imap.spoil = spoil
    watching(told, tmp_path)
    lines = (tmp_path / "record").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["folder"] == "Wave"
    assert len(lines) == 1 + len(imap.folders["Wave"])
