"""Everything under one path is one mailbox: what belongs to it, what its folders are for, and what changes meanwhile."""

import os
from pathlib import Path

import pytest

from stillpost.mailboxes.files import GONE
from stillpost.mailboxes.kinds import kind_of_flags, kind_of_labels, kind_of_name, kind_of_path, unmodified
from stillpost.mailboxes.protocol import Found, Kind, MailboxError
from tests.mailboxes.boxes import items, mail, mbox, opened, subjects, unreadable


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def maildir(folder: Path, **files: bytes) -> None:
    for place in ("cur", "new", "tmp"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        put(folder / name.replace("__", "/"), content)


def test_thunderbird_s_profile_is_one_mailbox(tmp_path: Path) -> None:
    put(tmp_path / "Inbox", mbox(1))
    put(tmp_path / "Inbox.msf", b'// <!-- <mdb:mork:z v="1.4"/> -->\n')
    put(tmp_path / "Inbox.sbd/Arbeit", mbox(2))
    put(tmp_path / "Gesendete Elemente", mbox(3))
    put(tmp_path / "Entwürfe", mbox(4))
    put(tmp_path / "Trash", b"")
    put(tmp_path / "msgFilterRules.dat", b'version="9"\n')
    mailbox = opened(tmp_path)
    assert sorted(subjects(mailbox)) == ["1", "2", "3", "4"]
    assert subjects(mailbox, Kind.SENT) == ["3"]
    assert subjects(mailbox, Kind.DRAFTS) == ["4"]
    assert unreadable(mailbox) == []


def test_apple_s_mbox_folders_are_read(tmp_path: Path) -> None:
    put(tmp_path / "INBOX.mbox/mbox", mbox(1, 2))
    put(tmp_path / "INBOX.mbox/table_of_contents", b"\0\0\0\x0c")
    put(tmp_path / "Sent Messages.mbox/mbox", mbox(3))
    put(tmp_path / "Mail/V10/Box.mbox/Messages/4.emlx", b"%d   \n" % len(mail(4)) + mail(4) + b"<plist></plist>")
    assert sorted(subjects(opened(tmp_path))) == ["1", "2", "3", "4"]
    assert subjects(opened(tmp_path), Kind.SENT) == ["3"]
    assert subjects(opened(tmp_path / "Sent Messages.mbox"), Kind.SENT) == ["3"]


def test_a_maildir_with_its_subfolders_is_read(tmp_path: Path) -> None:
    maildir(tmp_path, new__1=mail(1))
    put(tmp_path / "cur/1795428000.M2P1.host:2,S", mail(2))
    put(tmp_path / "tmp/3", mail(3))
    put(tmp_path / "dovecot-uidlist", b"3 V1 N1\n")
    maildir(tmp_path / ".INBOX.Sent", cur__4=mail(4))
    maildir(tmp_path / ".Entw&APw-rfe", cur__5=mail(5))
    maildir(tmp_path / ".Archive.2025", cur__6=mail(6))
    mailbox = opened(tmp_path)
    assert sorted(subjects(mailbox)) == ["1", "2", "4", "5", "6"]
    assert subjects(mailbox, Kind.SENT) == ["4"]
    assert subjects(mailbox, Kind.DRAFTS) == ["5"]
    (dated,) = [item for item in items(mailbox) if isinstance(item, Found) and "1795428000" in item.where.name]
    assert dated.internal_date is not None
    assert dated.internal_date.timestamp() == 1_795_428_000


def test_a_maildir_may_change_while_it_is_read(tmp_path: Path) -> None:
    maildir(tmp_path, new__1=mail(1), new__2=mail(2), cur__3=mail(3))
    put(tmp_path / "cur/4:2,", mail(4))
    mailbox = opened(tmp_path)
    (piece,) = [piece for part in mailbox.parts for piece in part.pieces()]
    os.rename(tmp_path / "new/1", tmp_path / "cur/1:2,S")
    os.rename(tmp_path / "cur/4:2,", tmp_path / "cur/4:2,FS")
    (tmp_path / "new/2").unlink()
    put(tmp_path / "new/5", mail(5))
    found = list(piece.mails())
    mails = [item for item in found if isinstance(item, Found)]
    assert sorted(item.head.partition(b"Subject: ")[2][:1] for item in mails) == [b"1", b"3", b"4"]
    assert [(item.source, item.why) for item in found if not isinstance(item, Found)] == [("new/2", GONE)]
    os.rename(tmp_path / "cur/1:2,S", tmp_path / "cur/1:2,RS")
    assert all(mailbox.read(item.where, 10_000) for item in mails)


def test_a_single_mail_and_a_folder_of_mails_are_mailboxes(tmp_path: Path) -> None:
    put(tmp_path / "a/1.eml", mail(1))
    put(tmp_path / "a/b/2.eml", mail(2))
    put(tmp_path / "a/sent/3.EML", mail(3))
    put(tmp_path / "a/readme.txt", b"Dear reader: this is no mail\n")
    put(tmp_path / "a/4", mail(4))
    assert sorted(subjects(opened(tmp_path / "a"))) == ["1", "2", "3", "4"]
    assert subjects(opened(tmp_path / "a"), Kind.SENT) == ["3"]
    assert subjects(opened(tmp_path / "a/b/2.eml")) == ["2"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "a/1.eml", mail(1))
    (tmp_path / "a/round").symlink_to(tmp_path / "a")
    assert subjects(opened(tmp_path / "a")) == ["1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    put(tmp_path / "1.eml", mail(1))
    put(tmp_path / "closed/2.eml", mail(2))
    put(tmp_path / "3.eml", mail(3))
    (tmp_path / "closed").chmod(0)
    (tmp_path / "3.eml").chmod(0)
    mailbox = opened(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert subjects(mailbox) == ["1"]
    assert len(unreadable(mailbox)) == 2


@pytest.mark.parametrize("name", ["missing", "empty", "text"])
def test_what_is_no_mailbox_is_one_sentence_that_says_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path / "text", b"nothing\n")
    with pytest.raises(MailboxError, match=r"mbox|No such file") as raised:
        opened(tmp_path / name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        pytest.param(["Sent", "Sent Items", "[Gmail]/Sent Mail", "INBOX.Sent", ".Sent", "sent-mail"], Kind.SENT, id="English"),
        pytest.param(["Gesendet", "Gesendete Elemente", "Gesendete_Objekte.mbox"], Kind.SENT, id="German"),
        pytest.param(["Éléments envoyés", "Messages envoyés", "Envoyés"], Kind.SENT, id="French"),
        pytest.param(["Enviados", "Elementos enviados", "Correo enviado"], Kind.SENT, id="Spanish"),
        pytest.param(["Posta inviata", "Inviata"], Kind.SENT, id="Italian"),
        pytest.param(["Itens enviados", "Enviadas"], Kind.SENT, id="Portuguese"),
        pytest.param(["Verzonden items", "Verzonden"], Kind.SENT, id="Dutch"),
        pytest.param(["Wysłane", "Elementy wysłane", "Wys&AUI-ane"], Kind.SENT, id="Polish"),
        pytest.param(["Drafts", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Rascunhos", "Szkice"], Kind.DRAFTS, id="drafts"),
        pytest.param(["INBOX", "Archive", "consent", "Present", "Sentry", ""], Kind.MAIL, id="neither"),
    ],
)  # fmt: skip
def test_sent_is_found_by_its_name(names: list[str], kind: Kind) -> None:
    for name in names:
        place = [f".{name}"] if name.startswith("INBOX.") else name.split("/")
        assert kind_of_path(place) is kind, name


def test_sent_is_found_by_flag_and_by_label() -> None:
    assert kind_of_flags(["\\HasNoChildren", "\\Sent"]) is Kind.SENT
    assert kind_of_flags(["\\Drafts"]) is Kind.DRAFTS
    assert kind_of_flags(["\\Archive"]) is Kind.MAIL
    assert kind_of_labels("Important,Sent,Work") is Kind.SENT
    assert kind_of_labels("Gesendet,Entwürfe") is Kind.DRAFTS
    assert kind_of_labels("Inbox,Category Updates") is Kind.MAIL
    assert kind_of_name("SENT ITEMS") is Kind.SENT


@pytest.mark.parametrize(
    ("name", "plain"),
    [("Entw&APw-rfe", "Entwürfe"), ("a&-b", "a&b"), ("a&b", "a&b"), ("&xx-", "&xx-"), ("&AAAAA-", "&AAAAA-")],
)
def test_names_in_modified_utf7_are_read(name: str, plain: str) -> None:
    assert unmodified(name) == plain
