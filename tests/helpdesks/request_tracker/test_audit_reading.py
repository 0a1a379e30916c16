"""Request Tracker's database and settings: read, never run; what is code is unknown, and secrets stay where they are."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.audit.exposure import Kind
from stillpost.audit.finding import Status
from stillpost.audit.logic import Tri
from stillpost.audit.snapshot import dumped
from stillpost.audit.walk import exposures
from stillpost.helpdesks.auditing import report_of
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.request_tracker.reading import read
from stillpost.helpdesks.request_tracker.settings import request_tracker
from stillpost.helpdesks.request_tracker.templates import language
from stillpost.helpdesks.texts import Texts
from tests.audit.zendesks import TAKEN

SCHEMA = """
CREATE TABLE Queues (id INTEGER PRIMARY KEY, Name varchar(200), CorrespondAddress varchar(120), SubjectTag varchar(120), Disabled int);
INSERT INTO Queues VALUES (1, 'General', NULL, NULL, 0);
CREATE TABLE Scrips (id INTEGER PRIMARY KEY, Description varchar(255), ScripCondition int, ScripAction int,
  CustomIsApplicableCode text, Disabled int, Template varchar(200));
INSERT INTO Scrips VALUES (7, 'On Create Autoreply', 1, 1, NULL, 0, 'Autoreply');
CREATE TABLE ScripConditions (id INTEGER PRIMARY KEY, Name varchar(255), ExecModule varchar(60), Argument text,
  ApplicableTransTypes varchar(60));
INSERT INTO ScripConditions VALUES (1, 'On Create', 'AnyTransaction', NULL, 'Create');
CREATE TABLE ScripActions (id INTEGER PRIMARY KEY, Name varchar(255), ExecModule varchar(60), Argument text);
INSERT INTO ScripActions VALUES (1, 'Autoreply To Requestors', 'Autoreply', 'Requestor');
CREATE TABLE ObjectScrips (id INTEGER PRIMARY KEY, Scrip int, Stage varchar(32), ObjectId int);
INSERT INTO ObjectScrips VALUES (1, 7, 'TransactionCreate', 0);
CREATE TABLE Templates (id INTEGER PRIMARY KEY, Queue int, Name varchar(200), Type varchar(16), Content text);
INSERT INTO Templates VALUES (2, 0, 'Autoreply', 'Perl', 'Subject: Received: {$Ticket->Subject}

Thank you.');
CREATE TABLE ACL (id INTEGER PRIMARY KEY, PrincipalId int, RightName varchar(25), ObjectType varchar(25), ObjectId int);
INSERT INTO ACL VALUES (1, 3, 'CreateTicket', 'RT::Queue', 1);
CREATE TABLE Groups (id INTEGER PRIMARY KEY, Name varchar(200), Domain varchar(64));
INSERT INTO Groups VALUES (3, 'Everyone', 'SystemInternal'), (9, 'Board', 'UserDefined');
CREATE TABLE Users (id INTEGER PRIMARY KEY, Password varchar(256));
INSERT INTO Users VALUES (1, 'never-to-be-kept');
"""
CONFIG = """# Set($rtname, 'commented out');
Set($rtname, 'desk.example'); Set($ParseNewMessageForTicketCcs, undef);
Set($DatabasePassword, 'never-to-be-kept');
"""


def place(folder: Path, *, kind: str = "sqlite", config: str = CONFIG, more: str = "") -> Path:
    if kind == "sqlite":
        connection = sqlite3.connect(folder / "rt.sqlite")
        connection.executescript(SCHEMA + more)
        connection.close()
    else:
        (folder / "rt.sql").write_text(SCHEMA + more)
    (folder / "RT_SiteConfig.pm").write_text(config)
    return folder


@pytest.mark.parametrize("kind", ["sqlite", "sql"])
def test_database_and_dump_say_the_same_and_keep_no_secret(kind: str, tmp_path: Path) -> None:
    snapshot = read(place(tmp_path, kind=kind), "example", TAKEN)
    assert "never-to-be-kept" not in dumped(snapshot)
    assert snapshot.missing == {}
    assert [group["name"] for group in snapshot.resources["groups"]] == ["Everyone"]
    made = request_tracker(snapshot, {})
    found = {(e.kind, e.tri) for e in exposures(made.desk, made, made.given)}
    assert {(Kind.CONTENT, Tri.YES), (Kind.VOLUME, Tri.YES)} <= found
    (first,) = [e for e in exposures(made.desk, made, made.given) if e.kind is Kind.CONTENT and e.notice.recipient]
    assert first.witness.mail.subject == f"[desk.example #1] Received: {made.given.subject}"


def test_settings_that_are_computed_are_unknown(tmp_path: Path) -> None:
    config = (
        "Set($ParseNewMessageForTicketCcs, $ENV{COPIES});\nSet(@MailPlugins, 'Auth::MailFrom', 'Filter::TakeAction');"
    )
    snapshot = read(place(tmp_path, config=config), "example", TAKEN)
    assert snapshot.missing == {
        "config ParseNewMessageForTicketCcs": "RT_SiteConfig.pm computes it",
        "config MailPlugins": "RT_SiteConfig.pm computes it",
    }
    (unread,) = [o for o in report_of(snapshot, {}).outcomes if o.rule.id == "UNREAD"]
    assert unread.status is Status.UNKNOWN


UNSURE = [
    pytest.param(
        "UPDATE Scrips SET CustomIsApplicableCode = '1;'", "the scrip's condition is code", id="own condition"
    ),
    pytest.param(
        "UPDATE ScripConditions SET ExecModule = 'Mine'", "nobody taught the audit the condition Mine", id="module"
    ),
    pytest.param(
        "UPDATE Templates SET Content = 'Subject: {$Ticket->Subject'", "does not parse", id="a broken template"
    ),
    pytest.param("DELETE FROM Groups", "who has which right was not read", id="no groups"),
]


@pytest.mark.parametrize(("change", "why"), UNSURE)
def test_what_is_code_or_was_not_read_is_perhaps(change: str, why: str, tmp_path: Path) -> None:
    made = request_tracker(read(place(tmp_path, more=f"{change};"), "example", TAKEN), {})
    found = [e for e in exposures(made.desk, made, made.given) if e.kind is Kind.VOLUME]
    assert found
    assert {e.tri for e in found} == {Tri.PERHAPS}
    assert why in " ".join(found[0].why)


def test_an_action_nobody_knows_is_named(tmp_path: Path) -> None:
    snapshot = read(place(tmp_path, more="UPDATE ScripActions SET ExecModule = 'Shout';"), "example", TAKEN)
    (unread,) = [o for o in report_of(snapshot, {}).outcomes if o.rule.id == "UNREAD"]
    assert "scrip 7 runs Shout" in " ".join(map(str, unread.why))


@given(st.text(max_size=200) | st.text("{}\\$->TicketSubject()'\" \n", max_size=200))
def test_any_template_is_parsed_or_refused(source: str) -> None:
    parsed = Texts(language()).parsed(source)
    assert parsed.error or all(source[use.start] == "{" and source[use.stop - 1] == "}" for use in parsed.uses)


def test_a_folder_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HelpdeskError, match="one database"):
        read(tmp_path, "x", TAKEN)
    (tmp_path / "x.sqlite").write_bytes(b"no database at all")
    with pytest.raises(HelpdeskError, match="could not be read"):
        read(tmp_path, "x", TAKEN)
