"""Golden folders of exported settings: what the audit says of each, word for word.

``STILLPOST_GOLDEN=write`` writes the expected reports again; read the difference before committing it.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from stillpost.audit.report import as_text
from stillpost.audit.snapshot import dumped
from stillpost.helpdesks.auditing import audited, for_saving, report_of
from tests.audit.zendesks import TAKEN

CASES = sorted((Path(__file__).parents[1] / "cases/audit").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_folder_of_settings_gets_the_report_that_was_read_and_agreed_to(case: Path) -> None:
    snapshot = audited(case.name.partition("-")[0]).read(case, "acme", TAKEN)
    assert "never-to-be-kept" not in dumped(for_saving(snapshot))
    report = report_of(snapshot, {}, changes=True)
    told = as_text(replace(report, taken_at=TAKEN), str)
    expected = case / "expected.txt"
    if os.environ.get("STILLPOST_GOLDEN") == "write":
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_every_case_says_why_it_exists() -> None:
    assert len(CASES) >= 8
    assert [case.name for case in CASES if not (case / "README").read_text(encoding="utf-8").strip()] == []
