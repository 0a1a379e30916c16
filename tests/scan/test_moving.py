"""Moved and back: every mail in exactly one place, whatever is cut, killed, refused or changed meanwhile."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stillpost.mail.message import read
from stillpost.mailboxes.imap import open_account
from stillpost.mailboxes.moves import Entry, Moved
from stillpost.mailboxes.opening import Mailbox, open_path
from stillpost.mailboxes.protocol import MailboxError
from stillpost.scan.moving import Record, move, planned, read_record, undo
from stillpost.scan.note import digest_of
from stillpost.scan.scanning import Wish, scan
from tests.mailboxes.imapserver import CUT, Imap, serving
from tests.scan.boxes import LATEST, ME, bombed, mbox, past

WISH = Wish(latest=LATEST, me=(ME,))


def maildir(root: Path) -> Counter[str]:
    """A Maildir with a wave in it; every mail's Message-ID."""
    for place in ("cur", "new", "tmp"):
        (root / place).mkdir(parents=True)
    truth = bombed(root.parent / "inbox")
    mails = [raw for _, raw in past()] + [each.raw for each in truth]
    for number, raw in enumerate(mails):
        place, flags = ("cur", ":2,S") if number % 2 else ("new", "")
        (root / place / f"1795428000.M{number}.host{flags}").write_bytes(raw)
    return ids(root)


def ids(root: Path) -> Counter[str]:
    """Every mail below a Maildir by its Message-ID, and how often it is there."""
    files = [path for place in ("cur", "new") for path in root.rglob(f"{place}/*")]
    return Counter(path.read_bytes().partition(b"Message-ID: ")[2].partition(b"\n")[0].decode() for path in files)


def plan(mailbox: Mailbox, folder: str = "Wave") -> Record:
    return planned(scan(mailbox, WISH), mailbox, folder)


def test_members_are_moved_in_a_maildir_and_come_back(tmp_path: Path) -> None:
    everything = maildir(tmp_path / "Maildir")
    before = {path.name for path in (tmp_path / "Maildir").rglob("*host*")}
    record = plan(open_path(tmp_path / "Maildir"))
    assert move(record, open_path(tmp_path / "Maildir"), tmp_path / "record", LATEST) == Moved(183)
    assert len(list((tmp_path / "Maildir/.Wave").rglob("*host*"))) == 183
    assert ids(tmp_path / "Maildir") == everything
    assert read_record(tmp_path / "record") == record
    for name in list((tmp_path / "Maildir/.Wave/cur").iterdir())[:20]:
        name.rename(name.with_name(name.name.replace(":2,S", ":2,RS")))
    assert undo(record, open_path(tmp_path / "Maildir")) == Moved(183)
    assert ids(tmp_path / "Maildir") == everything
    assert {path.name.partition(":")[0] for path in (tmp_path / "Maildir/cur").iterdir()} < {
        n.partition(":")[0] for n in before
    }
    assert not list((tmp_path / "Maildir/.Wave").rglob("*host*"))


def test_a_mailbox_is_the_same_however_its_path_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maildir(tmp_path / "Maildir")
    monkeypatch.chdir(tmp_path)
    record = plan(open_path(Path("Maildir")))
    move(record, open_path(Path("Maildir")), tmp_path / "record", LATEST)
    assert undo(record, open_path(tmp_path / "Maildir/../Maildir")) == Moved(183)


def test_what_is_hidden_in_a_wave_stays_where_it_is(tmp_path: Path) -> None:
    maildir(tmp_path / "Maildir")
    mailbox = open_path(tmp_path / "Maildir")
    result = scan(mailbox, WISH)
    record = planned(result, mailbox, "Wave")
    hidden = {needle.note.digest.hex() for needle in result.findings[0].hidden}
    assert hidden
    assert not hidden & {entry.digest for entry in record.entries}


def test_a_move_that_was_killed_is_finished_or_undone(tmp_path: Path) -> None:
    everything = maildir(tmp_path / "Maildir")
    record = plan(open_path(tmp_path / "Maildir"))
    part = Record(mailbox=record.mailbox, folder="Wave", entries=record.entries[:100])
    move(part, open_path(tmp_path / "Maildir"), tmp_path / "half", LATEST)
    assert move(record, open_path(tmp_path / "Maildir"), tmp_path / "whole", LATEST) == Moved(83, missing=100)
    assert ids(tmp_path / "Maildir") == everything
    assert undo(record, open_path(tmp_path / "Maildir")) == Moved(183)
    assert undo(record, open_path(tmp_path / "Maildir")) == Moved(0, missing=183)
    assert ids(tmp_path / "Maildir") == everything


def test_a_file_of_the_same_name_is_not_written_over(tmp_path: Path) -> None:
    everything = maildir(tmp_path / "Maildir")
    record = plan(open_path(tmp_path / "Maildir"))
    (tmp_path / "Maildir/.Wave/new").mkdir(parents=True)
    (tmp_path / "Maildir/.Wave/cur").mkdir()
    for entry in record.entries:
        (tmp_path / "Maildir/.Wave" / entry.name).write_bytes(b"Message-ID: other\n\n")
    assert move(record, open_path(tmp_path / "Maildir"), tmp_path / "record", LATEST) == Moved(183)
    assert ids(tmp_path / "Maildir") == everything + Counter({"other": 183})


def test_the_folder_itself_is_left_alone(tmp_path: Path) -> None:
    maildir(tmp_path / "Maildir")
    record = plan(open_path(tmp_path / "Maildir"))
    move(record, open_path(tmp_path / "Maildir"), tmp_path / "record", LATEST)
    assert plan(open_path(tmp_path / "Maildir")).entries == ()


@pytest.mark.parametrize("folder", ["", "../x", "a/b", ".Wave", "x\n", "a" * 200])
def test_a_folder_s_name_leads_nowhere_else(tmp_path: Path, folder: str) -> None:
    (tmp_path / "cur").mkdir()
    (tmp_path / "new").mkdir()
    with pytest.raises(MailboxError, match="folder"):
        plan(open_path(tmp_path), folder)


def test_an_mbox_cannot_be_moved_in(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    with pytest.raises(MailboxError, match="Maildir and in an IMAP account"):
        plan(open_path(tmp_path / "inbox"))


@pytest.mark.parametrize(
    "content",
    [
        *["", "[]\n", "{}\n", '{"version": 2, "mailbox": "a", "folder": "b"}\n', "\xff\xfe", "[" * 9000],
        '{"version": 1, "mailbox": "a", "folder": "b"}\n{"folder": 1, "name": "x", "digest": ""}\n',
    ],
    ids=range(7),
)
def test_what_is_no_record_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "record").write_text(content, encoding="latin-1")
    with pytest.raises(MailboxError, match="no record"):
        read_record(tmp_path / "record")


@pytest.mark.parametrize("folder", ["..", "/etc", "a/../../b"])
def test_a_record_that_climbs_is_refused(tmp_path: Path, folder: str) -> None:
    maildir(tmp_path / "Maildir")
    record = plan(open_path(tmp_path / "Maildir"))
    move(record, open_path(tmp_path / "Maildir"), tmp_path / "record", LATEST)
    bent = Record(
        mailbox=record.mailbox, folder="Wave", entries=tuple(entry._replace(folder=folder) for entry in record.entries)
    )
    with pytest.raises(MailboxError, match="no folder of this mailbox"):
        undo(bent, open_path(tmp_path / "Maildir"))


def test_nothing_moves_without_a_record(tmp_path: Path) -> None:
    everything = maildir(tmp_path / "Maildir")
    record = plan(open_path(tmp_path / "Maildir"))
    (tmp_path / "record").write_bytes(b"mine")
    with pytest.raises(MailboxError, match="nothing was moved"):
        move(record, open_path(tmp_path / "Maildir"), tmp_path / "record", LATEST)
    assert ids(tmp_path / "Maildir") == everything
    assert not (tmp_path / "Maildir/.Wave").exists()


# IMAP


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A past and a wave."""
    truth = bombed(tmp_path_factory.mktemp("box") / "inbox")
    return [raw for _, raw in past()] + [each.raw for each in truth]


@pytest.fixture(scope="module")
def record(mails: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Record:
    """What a scan of the account plans; one test asks whether it does."""
    result = scan(open_path(mbox(tmp_path_factory.mktemp("box") / "inbox", mails)), WISH)
    members = {member.note.digest for finding in result.findings for member in finding.wave.members}
    digests = [(number, digest_of(read(raw).headers)) for number, raw in enumerate(mails, 1)]
    entries = (Entry("INBOX", f"1 {number}", digest.hex()) for number, digest in digests if digest in members)
    return Record(mailbox="imap://anna@example.org@127.0.0.1", folder="Wave", entries=tuple(entries))


@pytest.fixture
def imap(mails: list[bytes], socket_enabled: None) -> Iterator[Imap]:
    with serving(Imap(folders={"INBOX": dict(enumerate(mails, 1)), "Sent": {}})) as server:
        yield server


def everywhere(imap: Imap) -> Counter[bytes]:
    """Every mail that is not marked as deleted, and how often it is there."""
    return Counter(
        raw
        for name, mails in imap.folders.items()
        for uid, raw in mails.items()
        if uid not in imap.deleted.get(name, ())
    )


def spoiler(word: str, answer: bytes, times: int, after: int = 0) -> Callable[[str], bytes | None]:
    seen: list[str] = []

    def spoil(line: str) -> bytes | None:
        if word not in line:
            return None
        seen.append(line)
        return answer if after < len(seen) <= after + times else None

    return spoil


CAPABLE = "IMAP4rev1 UIDPLUS MOVE"
COPYING = "IMAP4rev1 UIDPLUS"


@pytest.mark.parametrize(
    ("capabilities", "spoil"),
    [
        pytest.param(CAPABLE, spoiler("nothing", b"", 0), id="MOVE"),
        pytest.param(CAPABLE, spoiler("MOVE", b"TAG NO I will not\r\n", 99), id="MOVE refused"),
        pytest.param(CAPABLE, spoiler("MOVE", CUT, 2), id="MOVE cut"),
        pytest.param(COPYING, spoiler("nothing", b"", 0), id="COPY"),
        pytest.param(COPYING, spoiler("UID COPY", CUT, 2), id="COPY cut before it is done"),
        pytest.param(COPYING, spoiler("STORE", CUT, 2), id="STORE cut"),
        pytest.param(COPYING, spoiler("UID EXPUNGE", CUT, 1), id="EXPUNGE cut"),
        pytest.param("IMAP4rev1", spoiler("nothing", b"", 0), id="neither"),
    ],
)
def test_members_are_moved_in_an_account_and_come_back(
    imap: Imap, record: Record, tmp_path: Path, capabilities: str, spoil: Callable[[str], bytes | None]
) -> None:
    imap.capabilities = capabilities
    everything = everywhere(imap)
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        imap.spoil = spoil
        moved = move(record, mailbox, tmp_path / "record", LATEST)
        assert (moved.done, moved.missing) == (183, 0)
        assert moved.marked == (183 if capabilities == "IMAP4rev1" else 0)
        assert everywhere(imap) == everything
        assert len(imap.folders["Wave"]) == 183
        back = undo(record, mailbox)
        assert (back.done, back.missing) == (183, 0)
        assert everywhere(imap) == everything


def test_a_copy_that_was_done_but_not_said_is_not_done_twice(imap: Imap, record: Record, tmp_path: Path) -> None:
    imap.capabilities = COPYING
    everything = everywhere(imap)

    def spoil(line: str) -> bytes | None:
        if not line.startswith("UID COPY") or imap.copied:
            return None
        imap.answer("x", line, {"folder": "INBOX"})
        return CUT

    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        imap.spoil = spoil
        assert move(record, mailbox, tmp_path / "record", LATEST).done == 183
    assert imap.copied == 183
    assert everywhere(imap) == everything


def test_a_move_killed_between_copy_and_delete_is_undone_without_a_second_copy(
    imap: Imap, record: Record, tmp_path: Path
) -> None:
    imap.capabilities = COPYING
    everything = everywhere(imap)
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        imap.spoil = spoiler("STORE", CUT, 99)
        with pytest.raises(MailboxError, match="cannot be read"):
            move(record, mailbox, tmp_path / "record", LATEST)
        imap.spoil = lambda _: None
        assert sum(everywhere(imap).values()) == sum(everything.values()) + 100
        undo(read_record(tmp_path / "record"), mailbox)
        assert everywhere(imap) == everything


def test_a_move_killed_between_copy_and_delete_is_finished_without_a_second_copy(
    imap: Imap, record: Record, tmp_path: Path
) -> None:
    imap.capabilities = COPYING
    everything = everywhere(imap)
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        imap.spoil = spoiler("STORE", CUT, 99)
        with pytest.raises(MailboxError, match="cannot be read"):
            move(record, mailbox, tmp_path / "record", LATEST)
        imap.spoil = lambda _: None
        assert move(record, mailbox, tmp_path / "again", LATEST).done == 183
        assert everywhere(imap) == everything


def test_a_server_that_says_ok_and_copies_nothing_loses_nothing(imap: Imap, record: Record, tmp_path: Path) -> None:
    imap.capabilities = COPYING
    everything = everywhere(imap)
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        imap.spoil = spoiler("UID COPY", b"TAG OK done\r\n", 99)
        with pytest.raises(MailboxError, match="nothing was deleted"):
            move(record, mailbox, tmp_path / "record", LATEST)
    assert everywhere(imap) == everything


def test_mails_that_were_numbered_anew_are_not_touched(imap: Imap, record: Record, tmp_path: Path) -> None:
    imap.numbering = 2
    with closing(imap.account("INBOX")) as account:
        assert move(record, open_account(account), tmp_path / "record", LATEST) == Moved(0, missing=183)
    assert imap.folders["Wave"] == {}


def test_another_mail_under_the_same_number_is_not_touched(imap: Imap, record: Record, tmp_path: Path) -> None:
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        uid = int(record.entries[0].name.split()[1])
        imap.folders["INBOX"][uid] = b"Subject: another\n\n"
        assert move(record, mailbox, tmp_path / "record", LATEST) == Moved(182, missing=1)
    assert imap.folders["INBOX"][uid] == b"Subject: another\n\n"


def test_a_record_of_another_mailbox_is_refused(imap: Imap, record: Record) -> None:
    with closing(imap.account("INBOX")) as account, pytest.raises(MailboxError, match="another mailbox"):
        undo(replace(record, mailbox="imaps://bert@example.org"), open_account(account))


def test_a_record_is_undone_whichever_folder_of_the_account_is_named(
    imap: Imap, record: Record, tmp_path: Path
) -> None:
    everything = everywhere(imap)
    with closing(imap.account("INBOX")) as account:
        move(record, open_account(account), tmp_path / "record", LATEST)
    with closing(imap.account()) as account:
        assert undo(read_record(tmp_path / "record"), open_account(account)) == Moved(183)
    assert everywhere(imap) == everything


def test_a_scan_of_an_account_plans_this_record(imap: Imap, record: Record) -> None:
    with closing(imap.account("INBOX")) as account:
        found = plan(open_account(account))
    assert sorted(found.entries) == sorted(record.entries)
    assert replace(found, entries=()) == replace(record, entries=())
