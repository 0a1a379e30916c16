"""Reports: one folder a tenant that somebody vouches for, readable by others' parsers, private, never over anything else."""

import email
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import xarf

from stillpost.mail.abuse import Reporter
from stillpost.mailboxes.opening import open_path
from stillpost.mailboxes.protocol import MailboxError
from stillpost.scan.reports import Wanted, Written, write_reports
from stillpost.scan.result import Result
from tests.scan.boxes import bombed, scanned

AT = datetime(2026, 11, 23, tzinfo=UTC)
ID = UUID("123e4567-e89b-42d3-a456-426614174000")


def wanted(**fields: Any) -> Wanted:
    return Wanted(**({"reporter": Reporter("", "anna@example.org"), "at": AT, "new_id": lambda: ID} | fields))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("box") / "inbox"
    bombed(path)
    return path


@pytest.fixture(scope="module")
def result(box: Path) -> Result:
    return scanned(box)


def reported(result: Result, box: Path, folder: Path, **fields: Any) -> list[Written]:
    return write_reports(result, open_path(box), folder, wanted(**fields))


def test_each_vouched_tenant_has_its_reports_and_its_mail(result: Result, box: Path, tmp_path: Path) -> None:
    written = reported(result, box, tmp_path / "reports")
    senders = result.findings[0].senders
    vouched = [sender for sender in senders if sender.detail.authenticated]
    assert len(written) == len(vouched) > 20
    for each in written:
        folder = tmp_path / "reports" / each.folder
        assert {path.name for path in folder.iterdir()} == {"report.eml", "report.xarf.json", "mail.eml"}
        arf = email.message_from_bytes((folder / "report.eml").read_bytes())
        assert arf.get_content_type() == "multipart/report"
        assert arf["To"] == (", ".join(each.to) or None)
        original = (folder / "mail.eml").read_bytes()
        assert each.sender.note.message_id.encode() in original
        assert not xarf.parse(json.loads((folder / "report.xarf.json").read_text())).errors
    page = (tmp_path / "reports/README.txt").read_text(encoding="utf-8")
    assert all(each.folder in page for each in written)
    assert "senders have no report" not in page


def test_who_is_vouched_for_by_nobody_is_not_reported(box: Path, tmp_path: Path) -> None:
    result = scanned(box)
    for sender in result.findings[0].senders[:7]:
        sender.detail = sender.detail._replace(authenticated=False)
    assert len(reported(result, box, tmp_path / "reports")) == len(result.findings[0].senders) - 7
    assert "7 senders have no report" in (tmp_path / "reports/README.txt").read_text(encoding="utf-8")


def test_zendesk_s_customers_are_reported_to_zendesk(result: Result, box: Path, tmp_path: Path) -> None:
    written = reported(result, box, tmp_path / "reports")
    to = {each.to[:1] for each in written if each.sender.detail.platform == "zendesk"}
    assert to == {("abuse@zendesk.com",)}
    assert all("@example.org" not in address for each in written for address in each.to)


def test_a_redacted_report_does_not_say_whose_mailbox_it_was(result: Result, box: Path, tmp_path: Path) -> None:
    for each in reported(result, box, tmp_path / "reports", redact=True):
        folder = tmp_path / "reports" / each.folder
        assert {path.name for path in folder.iterdir()} == {"report.eml", "report.xarf.json", "mail-header.txt"}
        assert b"anna@example.org" not in (folder / "mail-header.txt").read_bytes()
        arf = email.message_from_bytes((folder / "report.eml").read_bytes())
        assert b"anna@example.org" not in b"".join(part.as_bytes() for part in arf.walk() if not part.is_multipart())


def test_only_their_owner_may_read_them(result: Result, box: Path, tmp_path: Path) -> None:
    reported(result, box, tmp_path / "reports")
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "reports", *(tmp_path / "reports").rglob("*")]}
    assert modes == {0}


def test_a_folder_with_something_in_it_is_left_alone(result: Result, box: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MailboxError, match="is not empty"):
        reported(result, box, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_page_is_in_the_reader_s_language(result: Result, box: Path, tmp_path: Path) -> None:
    reported(result, box, tmp_path / "reports", language="de")
    assert "Nichts wurde verschickt" in (tmp_path / "reports/README.txt").read_text(encoding="utf-8")


def test_a_mail_that_is_gone_is_told(result: Result, box: Path, tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(b"From a@example.org Mon Nov 23 10:00:00 2026\nSubject: a\n\n")
    written = reported(result, tmp_path / "inbox", tmp_path / "reports")
    assert {each.missing for each in written} == {"its mail is gone from the mailbox"}
    assert "its mail is gone" in (tmp_path / "reports/README.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "\x00\n", "con", "ä" * 300, ""])
def test_a_stranger_s_name_is_no_path(box: Path, tmp_path: Path, name: str) -> None:
    result = scanned(box)
    for sender in result.findings[0].wave.senders.values():
        sender.detail = sender.detail._replace(platform="", tenant=name, organization=name, authenticated=True)
    for each in reported(result, box, tmp_path / "reports"):
        assert (tmp_path / "reports" / each.folder).parent == tmp_path / "reports"
        assert len(each.folder) < 100
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}
