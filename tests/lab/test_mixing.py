"""A wave mixed into a mailbox is found again by a scan, and nothing real is lost or overwritten."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from stillpost.lab.injection import Attack
from stillpost.lab.mixing import entry, mix, moment_in
from stillpost.mailboxes.opening import open_path
from stillpost.mailboxes.protocol import MailboxError
from tests.scan.boxes import LATEST, START, mail, mbox, past, scanned


def test_every_mail_is_copied_and_the_truth_is_told(tmp_path: Path) -> None:
    quoted = mail(START - timedelta(days=2), "bert@friends.example", text="Hello\nFrom here on\n>From there\n")
    box = mbox(tmp_path / "box/Inbox", [*(raw for _, raw in past()), entry(quoted, 0.0).partition(b"\n")[2]])
    mbox(tmp_path / "box/Sent", [mail(START - timedelta(days=3), "anna@example.org", to="bert@friends.example")])
    mixed = mix(open_path(box.parent), Attack(start=START), tmp_path / "out", LATEST)
    assert (mixed.kept, mixed.unreadable) == (40 * 9 + 8 + 2, 0)
    result = scanned(tmp_path / "out")
    assert result.counts.messages == mixed.kept + len(mixed.injected)
    assert result.counts.sent == 1
    truth = json.loads((tmp_path / "out/truth.json").read_text())["mails"]
    (finding,) = result.findings
    members = {member.note.message_id for member in finding.wave.members}
    assert members == {each["message_id"] for each in truth if each["role"] in {"wave", "tail"}}
    assert b"\n>From here on\n>>From there\n" in (tmp_path / "out/Inbox.mbox").read_bytes()


def test_without_a_mailbox_there_is_a_made_up_one(tmp_path: Path) -> None:
    mixed = mix(None, Attack(start=START, submissions=30), tmp_path / "out", LATEST)
    assert mixed.kept > 1_000
    assert len(scanned(tmp_path / "out").findings) == 1


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/Inbox.mbox").write_text("mine")
    with pytest.raises(MailboxError, match="not empty"):
        mix(None, Attack(start=START), tmp_path / "out", LATEST)
    assert (tmp_path / "out/Inbox.mbox").read_text() == "mine"


def test_the_moment_of_the_attack_leaves_two_weeks_before_it(tmp_path: Path) -> None:
    box = open_path(mbox(tmp_path / "inbox", (raw for _, raw in past())))
    first = START - timedelta(days=40)
    moments = {moment_in(box, seed, LATEST) for seed in range(5)}
    assert len(moments) > 1
    assert all(first + timedelta(days=15) <= moment <= START for moment in moments)


def test_a_mailbox_without_a_time_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@example.org\nSubject: when?\n\nHello\n")
    with pytest.raises(MailboxError, match="--start"):
        moment_in(open_path(tmp_path / "a.eml"), 1, LATEST)
