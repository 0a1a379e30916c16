"""A mailbox becomes waves: found when there is one, whole, and only then."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from stillpost.lab.injection import Attack, inject
from stillpost.mailboxes.mbox import MboxPart
from stillpost.mailboxes.opening import Mailbox, open_path
from stillpost.mailboxes.protocol import Item, Unreadable
from stillpost.scan.noting import Rules, shares
from stillpost.scan.result import as_json
from stillpost.scan.scanning import Wish, scan
from stillpost.scan.text import lines
from tests.scan.boxes import LATEST, ME, SEPARATOR, START, bombed, mail, mbox, past, scanned


def test_a_quiet_mailbox_has_no_wave(tmp_path: Path) -> None:
    result = scanned(mbox(tmp_path / "inbox", (raw for _, raw in past())))
    assert result.findings == ()
    assert result.counts.messages == 40 * 9 + 8
    assert not result.cold
    assert not result.unreadable


def test_a_wave_is_found_whole_and_what_is_hidden_in_it(tmp_path: Path) -> None:
    truth = bombed(tmp_path / "inbox")
    (finding,) = scanned(tmp_path / "inbox").findings
    members = {member.note.message_id for member in finding.wave.members}
    assert members == {each.message_id for each in truth if each.role in {"wave", "tail"}}
    assert finding.wave.organizations == 120
    assert finding.wave.before_alarm <= 12
    hidden = [needle.note.message_id for needle in finding.hidden]
    assert set(hidden[:3]) == {each.message_id for each in truth if each.role == "needle"}
    assert set(hidden[3:]) == {each.message_id for each in truth if each.role == "purchase"}


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    bombed(tmp_path / "a/inbox")
    raw = (tmp_path / "a/inbox").read_bytes()
    mails = raw.split(b"From x@example.org Mon Nov 23 10:00:00 2026\n")[1:]
    mbox(tmp_path / "b/inbox", (each.removesuffix(b"\n") for each in reversed(mails)))
    one, other = (as_json([scanned(tmp_path / place / "inbox")])["mailboxes"][0]["waves"][0] for place in "ab")
    for wave in (one, other):
        for item in (*wave["members"], *wave["hidden"]):
            item.pop("source")
    assert one == other


def test_copies_in_two_folders_are_one_mail(tmp_path: Path) -> None:
    bombed(tmp_path / "box/inbox")
    once = scanned(tmp_path / "box")
    (tmp_path / "box/Archive").write_bytes((tmp_path / "box/inbox").read_bytes())
    twice = scanned(tmp_path / "box")
    assert twice.counts.messages == once.counts.messages
    assert twice.counts.copies == once.counts.messages
    assert len(twice.findings[0].wave.members) == len(once.findings[0].wave.members)


def test_whoever_the_owner_wrote_to_is_no_newcomer(tmp_path: Path) -> None:
    asked = ", ".join(f"help@firm{number}.example" for number in range(9))
    sent = mail(START - timedelta(minutes=9), "anna@example.org", to=asked, received=False)
    answers = [mail(START + timedelta(seconds=number), f"Help <help@firm{number}.example>") for number in range(9)]
    mbox(tmp_path / "box/Inbox", [*(raw for _, raw in past()), *answers])
    assert len(scanned(tmp_path / "box").findings) == 1
    mbox(tmp_path / "box/Gesendet", [sent])
    result = scanned(tmp_path / "box", mine=False)
    assert result.findings == ()
    assert result.counts.sent == 1


@pytest.mark.parametrize("rate", [0.5, 2, 12, 54])
def test_slow_and_fast_waves_alarm_within_a_few_submissions(tmp_path: Path, rate: float) -> None:
    truth = bombed(tmp_path / "inbox", Attack(start=START, rate=rate, submissions=60, seed=7))
    (finding,) = scanned(tmp_path / "inbox").findings
    alarmed = max(
        each.submission for each in truth if each.role == "wave" and each.at.timestamp() <= finding.wave.alarm
    )
    assert alarmed <= 8


def test_json_has_exactly_the_shape_that_is_promised(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    report = json.loads(json.dumps(as_json([scanned(tmp_path / "inbox")])))
    assert list(report) == ["version", "mailboxes"]
    (mailbox,) = report["mailboxes"]
    assert list(mailbox) == ["mailbox", "messages", "cold", "unreadable", "span", "waves"]
    (wave,) = mailbox["waves"]
    assert list(wave) == [
        *("id", "first", "alarm", "last", "messages", "organizations"),
        *("before_alarm", "tenants", "members", "hidden", "texts"),
    ]
    assert [list(wave[name][0]) for name in ("tenants", "members", "hidden", "texts")] == [
        ["platform", "tenant", "organization", "messages", "authenticated"],
        ["source", "message_id", "at", "tenant"],
        ["source", "message_id", "at", "from", "subject", "why"],
        ["tenants", "messages", "sample"],
    ]
    assert {tenant["platform"] for tenant in wave["tenants"]} > {"zendesk", "intercom", ""}
    assert wave["messages"] == len(wave["members"]) == sum(tenant["messages"] for tenant in wave["tenants"])


def test_the_text_says_it_in_the_reader_s_language(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    result = scanned(tmp_path / "inbox")
    assert "WAVE 1: this mailbox was bombed." in lines(result, "en")
    assert any("120" in line for line in lines(result, "de"))


def test_one_customer_of_a_free_mail_provider_is_not_all_of_them(tmp_path: Path) -> None:
    bomb = [
        mail(START + timedelta(seconds=20 * number), f"noreply@firm{number}.example", f"Welcome {number}", "Hello!")
        for number in range(20)
    ]
    bot = mail(START + timedelta(minutes=3), "Robot <robot.one@gmail.com>", fields=("Auto-Submitted: auto-generated",))
    later = START + timedelta(days=3)
    again = mail(later, "Robot <robot.one@gmail.com>", "again", fields=("Auto-Submitted: auto-generated",))
    other = mail(later, "Robot <robot.two@gmail.com>", "other", fields=("Auto-Submitted: auto-generated",))
    mbox(tmp_path / "inbox", [*(raw for _, raw in past()), *bomb, bot, again, other])
    (finding,) = scanned(tmp_path / "inbox").findings
    members = [member.note.author for member in finding.wave.members]
    assert members.count("robotone@gmail.com") == 2
    assert members.count("robottwo@gmail.com") == 0


def test_a_slow_wave_of_one_text_takes_every_mail_of_those_who_sent_it(tmp_path: Path) -> None:
    text = "Somebody typed these very words into the form of every company that has one, and here they are."
    mails = []
    for number in range(4):
        at = START + timedelta(minutes=14 * number)
        sender = f"support@firm{number}.example"
        mails += [mail(at, sender, "Please verify", f"Number {number}", fields=("Auto-Submitted: auto-generated",))]
        at += timedelta(seconds=1)
        mails += [mail(at, sender, "Your request", text, fields=("Auto-Submitted: auto-replied",))]
    stranger = mail(START + timedelta(minutes=30), "news@other.example", "News", fields=("List-Id: <n.other.example>",))
    mbox(tmp_path / "inbox", [*(raw for _, raw in past()), *mails, stranger])
    (finding,) = scanned(tmp_path / "inbox").findings
    assert sorted(finding.wave.senders) == [f"firm{number}.example" for number in range(4)]
    assert len(finding.wave.members) == 8


def test_the_tail_of_a_wave_begins_no_new_one(tmp_path: Path) -> None:
    closed = "Your request was closed because we did not hear from you. Answer this mail to open it again."
    fields = ("Auto-Submitted: auto-generated",)
    bomb, tail = [], []
    for number in range(20):
        sender = f"support@firm{number}.example"
        at = START + timedelta(seconds=20 * number)
        bomb.append(mail(at, sender, f"Welcome {number}", "Hello!", fields=fields))
        tail.append(mail(at + timedelta(days=5), sender, "Closed", closed, fields=fields))
    mbox(tmp_path / "inbox", [*(raw for _, raw in past()), *bomb, *tail])
    (finding,) = scanned(tmp_path / "inbox").findings
    assert len(finding.wave.members) == 40
    assert sum(member.tail for member in finding.wave.members) == 20


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    bombed(tmp_path / "box/inbox")
    mbox(tmp_path / "box/Sent", [mail(START - timedelta(days=1), "anna@example.org", to="bert@friends.example")])
    (tmp_path / "box/broken.mbox").write_bytes(SEPARATOR + b"this is no mail\n\n")
    small = [
        replace(part, piece_bytes=8_192) for part in open_path(tmp_path / "box").parts if isinstance(part, MboxPart)
    ]
    box = Mailbox("box", tuple(small))
    one, two = (scan(box, Wish(latest=LATEST, me=(ME,), processes=processes)) for processes in (1, 2))
    assert sum(1 for part in small for _ in part.pieces()) > 40
    assert as_json([one]) == as_json([two])
    assert (two.unreadable_count, len(two.findings)) == (1, 1)


def test_a_piece_is_noted_here_where_a_process_was_killed(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    (part,) = (
        replace(each, piece_bytes=65_536) for each in open_path(tmp_path / "inbox").parts if isinstance(each, MboxPart)
    )
    rules = Rules(LATEST, frozenset())
    killed = [_Killer(), *part.pieces()]
    found = list(shares(killed, rules, 2))
    assert sum(share.count for share in found) == scanned(tmp_path / "inbox").counts.messages + 1
    assert [why for share in found for _, _, why in share.troubles] == ["killed once"]


class _Killer:
    """A piece that takes the process down with it, but for the first one."""

    def __init__(self) -> None:
        self.first = os.getpid()

    def mails(self) -> Iterator[Item]:
        if os.getpid() != self.first:
            os.kill(os.getpid(), signal.SIGKILL)
        yield Unreadable("a piece", "killed once")


def test_what_is_hidden_is_found_where_nothing_but_the_flood_was_kept(tmp_path: Path) -> None:
    truth = [each for each in inject(Attack(start=START, submissions=60)) if each.role != "history"]
    mbox(tmp_path / "inbox", (each.raw for each in truth))
    result = scanned(tmp_path / "inbox")
    (finding,) = result.findings
    assert result.cold
    members = {member.note.message_id for member in finding.wave.members}
    assert members == {each.message_id for each in truth if each.role in {"wave", "tail"}}
    hidden = {needle.note.message_id for needle in finding.hidden}
    assert hidden == {each.message_id for each in truth if each.role in {"needle", "purchase"}}
