"""Roundup's tracker home: read, never run; what cannot be read is unknown, and secrets stay where they are."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from stillpost.audit.exposure import Kind
from stillpost.audit.finding import Status
from stillpost.audit.logic import Tri
from stillpost.audit.snapshot import Snapshot, dumped
from stillpost.audit.walk import exposures
from stillpost.helpdesks.auditing import report_of
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.roundup.reading import read
from stillpost.helpdesks.roundup.settings import roundup
from tests.audit.zendesks import TAKEN

CONFIG = """\
[main]
error_messages_to = dispatcher
[tracker]
name = Example 100%% tracker
web = https://tracker.example/
[mail]
domain = tracker.example
password = mailbox-secret
[web]
secret_key = signing-secret
[rdbms]
password = database-secret
"""
SCHEMA = """\
for role in 'User', 'Agent':
    db.security.addPermissionToRole(role, 'Web Access')
    for cl in ('issue', 'msg'):
        db.security.addPermissionToRole(role, 'Create', cl)
p = db.security.addPermission(name='View', klass='user', check=own)
db.security.addPermissionToRole('User', p)
issue = IssueClass(db, "issue", status=Link("status"), cost=Number())
"""


def home(place: Path, schema: str = SCHEMA, config: str = CONFIG) -> Path:
    (place / "config.ini").write_text(config)
    (place / "schema.py").write_text(dedent(schema))
    (place / "detectors").mkdir()
    (place / "detectors/nosyreaction.py").write_text("def init(db): pass\n")
    (place / "detectors/shout.py").write_text("raise SystemExit('this was run')\n")
    return place


def taken(place: Path, **files: str) -> Snapshot:
    return read(home(place, **files), "example", TAKEN)


def test_grants_in_loops_and_for_some_items_are_told_apart(tmp_path: Path) -> None:
    snapshot = taken(tmp_path)
    assert snapshot.missing == {}
    assert snapshot.resources["permissions"]["agent"] == {"Web Access": True, "Create issue": True, "Create msg": True}
    assert snapshot.resources["permissions"]["user"]["View user"] is False
    assert snapshot.resources["issue"] == ["cost", "status"]
    assert snapshot.resources["detectors"] == {"nosyreaction.py": "changed", "shout.py": "own"}


def test_no_secret_gets_into_a_snapshot(tmp_path: Path) -> None:
    assert "secret" not in dumped(taken(tmp_path))


UNSURE = [
    pytest.param("if db.config.OPEN:\n    {call}", id="under a condition"),
    pytest.param("def grant(db):\n    {call}", id="in a function"),
    pytest.param("for role in roles():\n    {call}", id="in a loop over what is computed"),
    pytest.param("db.security.addPermissionToRole(compute(), 'Email Access')", id="to a computed role"),
    pytest.param("db.security.addPermissionToRole('Anonymous', permission)", id="a computed permission"),
    pytest.param("this is no python", id="no python"),
]


@pytest.mark.parametrize("line", UNSURE)
def test_what_only_running_the_schema_could_tell_is_perhaps_never_no(line: str, tmp_path: Path) -> None:
    call = "db.security.addPermissionToRole('Anonymous', 'Register', 'user')"
    snapshot = taken(tmp_path, schema=line.format(call=call))
    assert "permissions" in snapshot.missing
    made = roundup(snapshot, {})
    assert {channel.open for channel in made.desk.channels} <= {Tri.PERHAPS, Tri.NO}
    report = report_of(snapshot, {})
    assert {o.status for o in report.outcomes if o.rule.id == "UNREAD"} == {Status.UNKNOWN}


def test_own_and_changed_detectors_are_named_as_unknown(tmp_path: Path) -> None:
    (unread,) = [o for o in report_of(taken(tmp_path), {}).outcomes if o.rule.id == "UNREAD"]
    told = " ".join(map(str, unread.why))
    assert "shout.py is your own code" in told
    assert "nosyreaction.py was changed" in told


def test_without_a_mail_gateway_nothing_comes_in_by_mail(tmp_path: Path) -> None:
    snapshot = taken(tmp_path, config="[main]\n", schema="db.security.addPermissionToRole('User', 'Web Access')\n")
    kinds = {told: _kinds(snapshot, told) for told in (True, False)}
    assert kinds == {True: {Kind.REJECTION, Kind.CONTENT}, False: set()}


def _kinds(snapshot: Snapshot, gateway: bool) -> set[Kind]:
    made = roundup(snapshot, {"mail_gateway": gateway})
    return {exposure.kind for exposure in exposures(made.desk, made, made.given)}


HOSTILE = [
    pytest.param({"permissions": {"anonymous": ["Register"]}, "config": []}, id="lists for tables"),
    pytest.param({"permissions": None, "config": {"main": None}, "detectors": None}, id="nothing"),
    pytest.param({"permissions": {"anonymous": {"Email Access": "x"}}, "config": {"main": {"a": 1}}}, id="odd values"),
]


@pytest.mark.parametrize("resources", HOSTILE)
def test_a_snapshot_of_another_shape_is_judged_and_does_not_crash(resources: dict[str, Any]) -> None:
    snapshot = Snapshot(product="roundup", name="x", taken_at=TAKEN, resources=resources)
    report = report_of(snapshot, {}, changes=True)
    assert json.dumps([outcome.status.value for outcome in report.outcomes])


BROKEN = [
    pytest.param(None, "no config.ini", id="no tracker"),
    pytest.param("key without a section = 1\n", "config.ini could not be read", id="no sections"),
]


@pytest.mark.parametrize(("config", "told"), BROKEN)
def test_what_is_no_tracker_says_what_to_do(config: str | None, told: str, tmp_path: Path) -> None:
    if config is not None:
        (tmp_path / "config.ini").write_text(config)
    with pytest.raises(HelpdeskError, match=told):
        read(tmp_path, "x", TAKEN)
