"""The example of the report for programs is one; ``STILLPOST_WRITE_PAGES=1`` writes it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from stillpost.lab.injection import Attack
from stillpost.scan.result import as_json
from tests.scan.boxes import START, bombed, scanned

PAGE = Path(__file__).parents[2] / "docs/scan.md"


def shortened(value: Any) -> Any:
    """The same with one example in each list."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in (value if all(isinstance(each, str) for each in value) else value[:1])]
    return value


def test_the_example_is_what_a_scan_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bombed(tmp_path / "Mail/Inbox", Attack(start=START, submissions=40, seed=3))
    (tmp_path / "Mail/broken.mbox").write_bytes(b"nothing\n")
    report = as_json([scanned(Path("Mail"))])
    example = json.dumps(shortened(report), indent=1, ensure_ascii=True)
    text = PAGE.read_text(encoding="utf-8")
    wanted = re.sub(r"```json\n.*?\n```", lambda _: f"```json\n{example}\n```", text, flags=re.DOTALL)
    if os.environ.get("STILLPOST_WRITE_PAGES"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted or os.environ.get("STILLPOST_WRITE_PAGES"), (
        "docs/scan.md is old: run this test with STILLPOST_WRITE_PAGES=1"
    )
